import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { compareSinks } from '@sluice/compare';
import { startStack } from '@sluice/local-stack';
import { afterAll, describe, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { differences, SINK_NAMES, SinkPipeline, type SinkName } from '../harness/pipelines/sink-pipeline.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { programEnv, programFile } from '../harness/processes/programs.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { hasArrived } from '../harness/records/table-records.ts';
import { testScope, type Scope } from '../harness/scope.ts';
import { testSize } from '../harness/test-size.ts';
import { lastRows, RESTING_FROM, restingRows, SteadyReader } from '../harness/workloads/steady-reader.ts';
import { SteadyWriter } from '../harness/workloads/steady-writer.ts';
import { StoreSize } from '../harness/workloads/store-size.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

/** By default one store and one kill: all takes minutes. */
const ALL = process.env['SLUICE_REBUILD'] === 'all';
const ROWS = testSize('SLUICE_REBUILD_ROWS', ALL ? 20_000 : 2000);
const KILLS = ALL ? 2 : 1;
const SINKS: readonly SinkName[] = ALL ? SINK_NAMES : ['mysql'];
/** A million rows are read, and compared, some times. */
const PATIENCE = { timeoutMs: 60_000 + ROWS };
const TIMEOUT_MS = 600_000 + 5 * ROWS;
/** The command looks at the pipeline first, and waits for the session of one that was killed. */
const FILLING = { timeoutMs: 60_000 };
/** Beside the rows whose number is looked at. */
const LOST = RESTING_FROM - 1;

interface Scene {
  readonly scope: Scope;
  readonly pipeline: SinkPipeline;
  readonly configFile: string;
  readonly writer: SteadyWriter;
  readonly stopSink: () => Promise<void>;
  /** `kill -9`, and starts it again. */
  readonly killSink: () => Promise<void>;
}

describe.each(SINKS)('a rebuild of %s', (sink) => {
  test(
    'under load, with kills of the sink and of the command, misses no row for a reader',
    { timeout: TIMEOUT_MS },
    async () => {
      const scene = await runningScene(sink);
      const { scope, pipeline, configFile, writer } = scene;
      await loseRow(pipeline, sink);
      const reader = new SteadyReader(pipeline, sink, 'items', ROWS);
      scope.defer(() => reader.stop());
      const size = new StoreSize(pipeline, sink);
      scope.defer(() => size.stop());
      const command = `sink rebuild --sink ${sink} --yes`;
      for (let kill = 0; kill < KILLS; kill += 1) {
        const child = start(scope, configFile, command);
        await eventually('rows to be filled', () => isFilling(pipeline, sink, configFile), FILLING);
        child.kill('SIGKILL');
        await once(child, 'close');
        await scene.killSink();
      }
      const begun = performance.now();
      const done = await sluice(configFile, command);
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      process.stdout.write(
        `${sink}: ${ROWS} rows, ${seconds} s behind the last kill, ${reader.looks} looks, ${reader.refused} refused, ${await size.told()}\n`,
      );
      expect([done.code, done.said]).toEqual([0, done.said]);
      const looks = reader.looks;
      await eventually('the reader to look again', () => reader.looks > looks + 5);
      await reader.stop();
      expect(reader.misses).toEqual([]);
      await writer.stop();
      await isEqual(pipeline, sink);
      if (sink !== 'redis') await keptAndRemoved(pipeline, sink, configFile);
    },
  );
});

test.skipIf(!ALL).each(['elasticsearch', 'mysql'] as const)(
  'a cancelled rebuild leaves %s as it was',
  { timeout: TIMEOUT_MS },
  async (sink) => {
    const { scope, pipeline, configFile, writer } = await runningScene(sink);
    const before = await places(pipeline, sink);
    const child = start(scope, configFile, `sink rebuild --sink ${sink} --yes`);
    await eventually('rows to be filled', () => isFilling(pipeline, sink, configFile), FILLING);
    child.kill('SIGKILL');
    await once(child, 'close');
    const cancelled = await sluice(configFile, `sink rebuild --sink ${sink} --cancel --yes`);
    expect([cancelled.code, cancelled.said]).toEqual([0, cancelled.said]);
    expect(await places(pipeline, sink)).toEqual(before);
    const again = await sluice(configFile, `sink rebuild --sink ${sink} --cancel --yes`);
    expect([again.code, again.said]).toEqual([1, `no rebuild of sink ${sink} is under way\n`]);
    expect(await sluice(configFile, `sink rebuild --sink ${sink} --keep 0 --yes`)).toMatchObject({ code: 0 });
    await writer.stop();
    await isEqual(pipeline, sink);
  },
);

test.each(SINKS.filter((name) => name !== 'redis'))(
  'a rebuild of %s closes the gap that its sink has stopped at',
  { timeout: TIMEOUT_MS },
  async (sink) => {
    const scene = await runningScene(sink);
    const { pipeline, configFile, writer } = scene;
    await writer.stop();
    await scene.stopSink();
    await pipeline.database.run(`INSERT INTO items VALUES (1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1)`);
    const topic = pipeline.topic('items');
    await eventually('the rows to arrive', () => hasArrived(pipeline.reader, topic, '{"id":6}'));
    const marks = await pipeline.admin.fetchTopicOffsets(topic);
    const partitions = marks.map(({ partition, high }) => ({ partition, offset: high }));
    await pipeline.admin.deleteTopicRecords({ topic, partitions });
    const stopped = await pipeline.launch(`sink-${sink}`);
    await eventually('the sink to stop', () =>
      stopped.process.log.some(({ err }) => err?.code === 'DATA_GAP'),
    );
    // A process that stays looks for a way on from time to time: that takes a minute.
    if (!ALL) await stopped.process.stop();
    const done = await sluice(configFile, `sink rebuild --sink ${sink} --yes`);
    expect([done.code, done.said]).toEqual([0, done.said]);
    expect(done.said).toContain(`sink ${sink} continues behind them`);
    await pipeline.database.run('INSERT INTO items VALUES (7, 1)');
    const { process } = ALL ? stopped : await pipeline.launch(`sink-${sink}`);
    await process.ready();
    await isEqual(pipeline, sink);
  },
);

/** A pipeline with one sink, whose table holds resting rows and is written without end. */
async function runningScene(sink: SinkName): Promise<Scene> {
  const scope = testScope();
  const database = await SourceDatabase.create(scope, stack.mysql, `beside_${sink.slice(0, 2)}`);
  await database.run(
    'CREATE TABLE items (id INT NOT NULL PRIMARY KEY, version INT)',
    `INSERT INTO items (id, version) WITH RECURSIVE n (i) AS (SELECT -1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS} - 1)
       SELECT /*+ SET_VAR(cte_max_recursion_depth = 2000000) */ ${RESTING_FROM} + i, 1 FROM n`,
  );
  const pipeline = await SinkPipeline.create(scope, { stack, database, onFatal: 'stay' });
  const [capture, started] = await pipeline.start('capture', `sink-${sink}`);
  let service = started;
  const stopSink = async (): Promise<void> => void (await service?.process.stop());
  const killSink = async (): Promise<void> => {
    await service?.process.kill();
    service = await pipeline.launch(`sink-${sink}`);
  };
  await eventually(
    'the resting rows',
    async () => {
      const looks = [
        await restingRows(pipeline, sink, 'items', ROWS),
        await lastRows(pipeline, sink, 'items', ROWS),
      ];
      return looks.every((found) => found === ROWS);
    },
    PATIENCE,
  );
  const writer = new SteadyWriter(pipeline.database, ['items']);
  scope.defer(() => writer.stop().catch(() => undefined));
  return { scope, pipeline, configFile: capture?.configFile ?? '', writer, stopSink, killSink };
}

function start(scope: Scope, configFile: string, line: string): ChildProcess {
  const args = [programFile('sluice'), ...line.split(' '), '--config', configFile];
  const child = spawn(process.execPath, args, { env: programEnv(), stdio: 'ignore' });
  scope.defer(() => void child.kill('SIGKILL'));
  return child;
}

/** Somebody takes a row out of the store: the rebuild brings it back. */
async function loseRow({ stores, name }: SinkPipeline, sink: SinkName): Promise<void> {
  if (sink === 'mysql')
    await stores.target.query(`DELETE FROM ${stores.targetDatabase}.items WHERE id = ${LOST}`);
  if (sink === 'redis') await stores.redis.del(`${name}.items:${LOST}`);
  if (sink === 'elasticsearch')
    await stores.elasticsearch.delete({ index: stores.index('items'), id: `{"id":${LOST}}`, refresh: true });
}

async function isFilling(pipeline: SinkPipeline, sink: SinkName, configFile: string): Promise<boolean> {
  if (sink !== 'redis') return (await places(pipeline, sink)).some((name) => name.includes('rebuild'));
  const { document } = await sluice(configFile, 'snapshot list');
  return (document as { readonly jobs: readonly unknown[] }).jobs.length > 1;
}

/** What there is in the store beside rows: indexes with their aliases, or tables. */
async function places({ stores, name }: SinkPipeline, sink: SinkName): Promise<readonly string[]> {
  if (sink === 'elasticsearch') {
    const found = await stores.elasticsearch.indices.get({ index: `${name}-*` });
    return Object.entries(found)
      .flatMap(([index, { aliases = {} }]) => [
        index,
        ...Object.keys(aliases).map((alias) => `${index} as ${alias}`),
      ])
      .sort();
  }
  const [rows] = await stores.target.query(
    `SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA LIKE '${name}%' AND TABLE_NAME <> 'sluice_rebuilds'`,
  );
  return (rows as unknown as readonly { readonly name: string }[]).map((row) => row.name).sort();
}

/** Of the one store that has a sink. */
async function isEqual({ database, stores }: SinkPipeline, sink: SinkName): Promise<void> {
  const tables = [{ database: database.name, table: 'items' }];
  const sinks = { [sink]: stores.compared[sink] };
  const isSame = async (): Promise<boolean> => {
    const found = await compareSinks({ source: database.server, tables, sinks });
    return found.rows > ROWS && differences(found).length === 0;
  };
  await eventually(`${sink} to equal the source`, isSame, PATIENCE);
}

/** What was replaced is there, and goes when it is told to. */
async function keptAndRemoved(pipeline: SinkPipeline, sink: SinkName, configFile: string): Promise<void> {
  const kept = sink === 'mysql' ? '_replaced.items' : '%o';
  const count = async (): Promise<number> =>
    (await places(pipeline, sink)).filter((name) => name.includes(kept)).length;
  expect(await count()).toBeGreaterThan(0);
  const command = `sink rebuild --sink ${sink}`;
  const refused = await sluice(configFile, `${command} --yes`);
  expect([refused.code, refused.said]).toEqual([
    1,
    expect.stringContaining('--remove-kept --yes removes it now'),
  ]);
  expect(await sluice(configFile, `${command} --remove-kept --yes`)).toMatchObject({ code: 0 });
  expect(await count()).toBe(0);
  await isEqual(pipeline, sink);
}
