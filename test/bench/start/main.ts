/**
 * `npm run bench:start -- [--versions 20000] [--reps 3]`: a start of capture with many table versions in its schema history, and as many
 * statements in its DDL topic, beside one with few. The first start after a version that summed nothing up reads them all; the next ones
 * must not be more than a second slower than with few: else exit code 1.
 */
import { parseArgs } from 'node:util';
import { startStack, type Stack } from '@sluice/local-stack';
import { CapturePipeline } from '../../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../../harness/eventually.ts';
import { SourceDatabase } from '../../harness/pipelines/source-database.ts';
import { table } from '../report.ts';
import { median } from '../statistics.ts';
import { appendVersions, topicSizes } from './long-history.ts';

const FEW = 20;
/** Each has one version to begin with. */
const TABLES = 20;
const SLOWER_MS_MAX = 1000;

async function main(versions: number, reps: number): Promise<boolean> {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  await using stack = await startStack({ servers: ['kafka', 'mysql'], onProgress: progress });
  await using scope = new AsyncDisposableStack();
  const pipeline = await pipelineOf(scope, stack);
  const few = await startTimes(pipeline, reps);
  progress(`writing ${versions} versions and as many statements, a Kafka transaction each`);
  await appendVersions(pipeline, stack.kafka.brokers, versions);
  const [upgrade = Number.NaN] = await startTimes(pipeline, 1);
  await summedUp(pipeline);
  const many = await startTimes(pipeline, reps);
  const rows = [
    ['table versions', 'ms to streaming (median)', 'each'],
    [String(FEW), ms(median(few)), few.map(ms).join(' ')],
    [`${versions}, nothing summed up`, ms(upgrade), ms(upgrade)],
    [String(versions), ms(median(many)), many.map(ms).join(' ')],
  ];
  process.stdout.write(`${table(rows).join('\n')}\n${await topicSizes(pipeline)}\n`);
  return median(many) - median(few) <= SLOWER_MS_MAX;
}

/** Capture sums up what is long with the next Kafka transaction that it commits. */
async function summedUp(pipeline: CapturePipeline): Promise<void> {
  const capture = await pipeline.start();
  await pipeline.database.run('INSERT INTO t1 (id) VALUES (2)');
  await pipeline.arrived(capture, 't1', '{"id":2}');
  await capture.stop();
}

const ms = (value: number): string => value.toFixed(0);

/** A pipeline that has captured an ALTER of each of its tables, and is stopped. */
async function pipelineOf(scope: AsyncDisposableStack, stack: Stack): Promise<CapturePipeline> {
  const database = await SourceDatabase.create(scope, stack.mysql, 'start');
  const names = Array.from({ length: TABLES }, (_, n) => `t${n}`);
  for (const name of names)
    await database.run(
      `CREATE TABLE ${name} (id bigint NOT NULL PRIMARY KEY, status varchar(20), note text, amount decimal(12,2), a int, b datetime(3), c json, d varchar(255), e double)`,
    );
  const pipeline = await CapturePipeline.create(scope, { database, brokers: stack.kafka.brokers });
  const capture = await pipeline.start();
  await pipeline.snapshotDone(capture, names);
  await database.run(
    `ALTER TABLE t0 ADD COLUMN f int COMMENT 'the first of many'`,
    'INSERT INTO t1 (id) VALUES (1)',
  );
  await pipeline.arrived(capture, 't1', '{"id":1}');
  await capture.stop();
  return pipeline;
}

/** Milliseconds from the start of the process until `/readyz` says yes. */
async function startTimes(pipeline: CapturePipeline, reps: number): Promise<number[]> {
  const times: number[] = [];
  for (let rep = 0; rep < reps; rep++) {
    const begun = performance.now();
    const capture = pipeline.launch();
    await eventually('capture to stream', () => capture.isReady(), { everyMs: 10 });
    times.push(performance.now() - begun);
    await capture.stop();
  }
  return times;
}

const { values } = parseArgs({
  options: { versions: { type: 'string', default: '20000' }, reps: { type: 'string', default: '3' } },
});
process.exitCode = (await main(Number(values.versions), Number(values.reps))) ? 0 : 1;
