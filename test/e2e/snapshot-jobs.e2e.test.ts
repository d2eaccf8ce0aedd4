import { startStack } from '@sluice/local-stack';
import { afterAll, describe, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { testScope, type Scope } from '../harness/scope.ts';
import type { ServiceProcess } from '../harness/service-process.ts';
import { sluice } from '../harness/sluice-command.ts';
import { SourceDatabase } from '../harness/source-database.ts';
import { readEnvelopes, readRows } from '../harness/table-records.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'mariadb'] });
afterAll(() => stack.stop());

const ROWS = 3000;
const CHUNK_ROWS = 3;

interface Job {
  readonly id: string;
  readonly state: string;
  readonly rows: number;
  readonly percent: number | null;
}

describe.each([stack.mysql, stack.mariadb])('$flavour', (server) => {
  test('a snapshot is paused, outlives kill -9, goes on at its last chunk, and another is asked for', async () => {
    const pipeline = await pipelineWithRows(testScope(), server, ROWS);
    const { reader, configFile, name } = pipeline;
    const id = `initial/${name}.items`;
    const read = async (): Promise<number> => (await readRows(reader, pipeline.topic('items'))).length;
    const first = await pipeline.start();
    await eventually('some chunks', async () => (await read()) > CHUNK_ROWS, { everyMs: 5 });
    expect(await move(first, id, 'pause')).toMatchObject({ status: 200, body: { job: { state: 'paused' } } });
    await first.kill();
    expect(await read()).toBeLessThan(ROWS);

    const second = await pipeline.start();
    const [paused] = await jobsOf(configFile, 'snapshot list');
    expect(paused).toMatchObject({ id, state: 'paused' });
    expect(paused?.percent).toBeLessThan(100);
    await pipeline.database.run('INSERT INTO items VALUES (0, 0)');
    await pipeline.arrived(second, 'items', '{"id":0}');
    expect(await move(second, id, 'resume')).toMatchObject({ status: 200 });
    await pipeline.snapshotDone(second, ['items']);
    const keys = (await readRows(reader, pipeline.topic('items'))).map(({ key }) => key);
    expect(new Set(keys).size).toBe(ROWS + 1);
    expect(keys.length).toBeLessThanOrEqual(ROWS + CHUNK_ROWS + 2);

    const start = `snapshot start --table ${name}.* --condition`;
    const made = await jobsOf(configFile, start, 'id BETWEEN 1 AND 7');
    expect(made).toMatchObject([{ id: 's1', condition: 'id BETWEEN 1 AND 7', reconcile: false }]);
    await eventually('the second job', async () => (await read()) === keys.length + 7);
    await second.stop();
    expect(await marksOf(pipeline)).toEqual({ SNAPSHOT_BEGIN: 12, SNAPSHOT_END: 12 });
  });

  test('orders that cannot be carried out change nothing', async () => {
    const pipeline = await pipelineWithRows(testScope(), server, 3);
    const { configFile, name } = pipeline;
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['items']);
    const start = async (table: string, condition: string | null): Promise<unknown> => {
      const wish = { tables: [`${name}.${table}`], condition, by: 'test' };
      return (await capture.order('/api/snapshots', wish)).body;
    };
    const refused = (words: string): unknown => ({
      code: 'SNAPSHOT_REFUSED',
      error: expect.stringContaining(words) as unknown,
    });
    expect(await start('items', 'nowhere = 1')).toEqual(refused("Unknown column 'nowhere'"));
    expect(await start('items', '1) OR (1')).toEqual(refused('a bracket is closed that was not opened'));
    expect(await start('others', null)).toEqual(refused('No captured table'));
    expect((await move(capture, `initial/${name}.items`, 'cancel')).body).toEqual(refused('is done'));
    expect(await move(capture, 's9', 'pause')).toMatchObject({ status: 404 });
    const { code, said } = await sluice(configFile, 'snapshot resume --id s9');
    expect([code, said]).toEqual([1, expect.stringContaining('there is no job s9')]);
    expect(await capture.get('/api/snapshots')).toMatchObject({
      jobs: [{ state: 'done', rows: 3, percent: 100 }],
    });
    await capture.stop();
  });
});

function move(
  capture: ServiceProcess,
  id: string,
  verb: string,
): Promise<{ readonly status: number; readonly body: unknown }> {
  return capture.order(`/api/snapshots/${encodeURIComponent(id)}/${verb}`, { by: 'test' });
}

/** Marks of snapshots: each stands in six partitions. */
async function marksOf(pipeline: CapturePipeline): Promise<Record<string, number>> {
  const records = await readEnvelopes(pipeline.reader, pipeline.topic('items'));
  const operations = records.map(({ record }) => String(record.headers.get('operation')));
  const marks = operations.filter((operation) => operation.startsWith('SNAPSHOT_'));
  const groups = Map.groupBy(marks, (mark) => mark);
  return Object.fromEntries([...groups].map(([mark, all]) => [mark, all.length]));
}

async function jobsOf(configFile: string, line: string, ...more: readonly string[]): Promise<readonly Job[]> {
  const { code, document, said } = await sluice(configFile, line, ...more);
  if (code !== 0) throw new Error(said);
  return (document as { jobs: readonly Job[] }).jobs;
}

async function pipelineWithRows(
  scope: Scope,
  server: typeof stack.mysql,
  rows: number,
): Promise<CapturePipeline> {
  const database = await SourceDatabase.create(scope, server, 'jobs');
  await database.run('CREATE TABLE items (id INT NOT NULL PRIMARY KEY, v INT NOT NULL)');
  const values = Array.from({ length: rows }, (_, index) => `(${index + 1}, 1)`);
  await database.run(`INSERT INTO items VALUES ${values.join(',')}`);
  const sections = { snapshot: { chunkRows: CHUNK_ROWS } };
  return CapturePipeline.create(scope, { database, brokers: stack.kafka.brokers, sections });
}
