import { startStack } from '@sluice/local-stack';
import { afterAll, describe, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { testScope, type Scope } from '../harness/scope.ts';
import type { ServiceProcess } from '../harness/processes/service-process.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { readEnvelopes, readRows } from '../harness/records/table-records.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'mariadb'] });
afterAll(() => stack.stop());

const ROWS = 3000;
const CHUNK_ROWS = 3;

interface Job {
  readonly id: string;
  readonly state: string;
  readonly rows: number;
  readonly maxRowsPerSecond: number | null;
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
    const throttle = (rate: number): Promise<readonly Job[]> =>
      jobsOf(configFile, `snapshot throttle --id ${id} --rows-per-second ${rate}`);
    expect(await throttle(20)).toMatchObject([{ id, maxRowsPerSecond: 20 }]);
    expect(await move(second, id, 'resume')).toMatchObject({ status: 200 });
    const [begun, before] = [performance.now(), await read()];
    await eventually('forty more rows', async () => (await read()) >= before + 40, { everyMs: 20 });
    expect(performance.now() - begun).toBeGreaterThan(1500);
    await second.kill();

    const third = await pipeline.start();
    await eventually(
      'the job',
      async () => (await jobsOf(configFile, 'snapshot list'))[0]?.state === 'running',
    );
    expect(await jobsOf(configFile, 'snapshot list')).toMatchObject([{ id, maxRowsPerSecond: 20 }]);
    expect(await throttle(0)).toMatchObject([{ id, maxRowsPerSecond: null }]);
    await pipeline.snapshotDone(third, ['items']);
    const keys = (await readRows(reader, pipeline.topic('items'))).map(({ key }) => key);
    expect(new Set(keys).size).toBe(ROWS + 1);
    expect(keys.length).toBeLessThanOrEqual(ROWS + 2 * CHUNK_ROWS + 2);

    const start = `snapshot start --table ${name}.* --condition`;
    const made = await jobsOf(configFile, start, 'id BETWEEN 1 AND 7');
    expect(made).toMatchObject([{ id: 's1', condition: 'id BETWEEN 1 AND 7', reconcile: false }]);
    await eventually('the second job', async () => (await read()) === keys.length + 7);
    await third.stop();
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
    expect(await start('items', 'nowhere = 1')).toEqual(
      refused('names column nowhere, which the table does'),
    );
    expect(await start('items', '1) OR (1')).toEqual(refused('needs the name of a column, not `1`'));
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

  test('a condition becomes SQL that asks what it says, and nothing that is hidden', async () => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'conditions');
    const { name } = database;
    await database.run(
      `CREATE TABLE odd (id INT PRIMARY KEY, email VARCHAR(99), name VARCHAR(20) CHARACTER SET latin1, state ENUM('new','paid'),
       at TIMESTAMP(3) NULL, day DATE, span TIME, price DECIMAL(20,4), flags BIT(8), year YEAR, \`odd \`\`name\` INT)`,
      `INSERT INTO odd VALUES (1, 'ann@example.com', 'Zo\u00eb', 'new', '2026-11-01 10:00:00.250', '2026-11-01', '-10:00:00', 12.5, 5, 2026, 1)`,
      `INSERT INTO odd VALUES (2, 'bob@example.com', 'it\\'s \\\\', 'paid', NULL, '2025-01-01', '30:00:00', -1, 6, 1999, NULL)`,
      'CREATE TABLE visits (id INT PRIMARY KEY, kind VARCHAR(9))',
      "INSERT INTO visits VALUES (1, 'bot'), (2, 'human')",
    );
    const pipeline = await CapturePipeline.create(scope, {
      database,
      brokers: stack.kafka.brokers,
      sections: {
        snapshot: { allowSql: true, statementSeconds: 2 },
        tables: {
          [`${name}.odd`]: { columns: { Email: { exclude: true } } },
          [`${name}.visits`]: { where: "kind <> 'bot'" },
        },
      },
    });
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['odd', 'visits']);
    const order = (path: string, table: string, wish: object): Promise<{ status: number; body: unknown }> =>
      capture.order(path, { tables: [`${name}.${table}`], by: 'test', ...wish });
    /** How the job of an order ends. */
    const outcome = async (path: string, table: string, wish: object): Promise<unknown> => {
      const { body } = await order(path, table, wish);
      const [made] = (body as { jobs?: Job[] }).jobs ?? [];
      if (made === undefined) return body;
      return eventually('the end of the job', async () => {
        const { jobs } = (await capture.get('/api/snapshots')) as {
          jobs: (Job & { rowsRead: number; error: unknown })[];
        };
        const job = jobs.find(({ id }) => id === made.id);
        return job !== undefined && ['done', 'failed'].includes(job.state) && job;
      });
    };
    const one =
      "(name = 'zo\u00eb' OR name <> 'zo\u00eb') AND state = 'new' AND at = '2026-11-01T10:00:00.250Z' AND day > '2025-01-01'";
    const more =
      "span BETWEEN '-11:00:00' AND '00:00:00' AND price = 12.50 AND flags IN (5, 7) AND year >= 2026 AND `odd ``name` IS NOT NULL";
    for (const condition of [
      `${one} AND ${more}`,
      "name = 'it''s \\' AND at IS NULL",
      'year < 2000 OR id = 7',
    ])
      expect([condition, await outcome('/api/v1/snapshots', 'odd', { condition })]).toMatchObject([
        condition,
        { state: 'done', rows: 1, rowsRead: 1 },
      ]);
    expect(
      await outcome('/api/v1/snapshots', 'odd', { condition: "EMAIL = 'ann@example.com'" }),
    ).toMatchObject({
      error: expect.stringContaining('asks about column email') as unknown,
    });
    // How many rows that are not published fulfil it would tell what they hold.
    expect(await outcome('/api/v1/snapshots', 'visits', { condition: 'id = 1' })).toMatchObject({
      rows: 0,
      rowsRead: 0,
    });
    expect(await outcome('/api/v1/snapshots/sql', 'odd', { sql: 'MOD(id, 2) = 0' })).toMatchObject({
      rows: 1,
    });
    expect(await outcome('/api/v1/snapshots/sql', 'odd', { sql: 'SLEEP(30) = 0' })).toMatchObject({
      state: 'failed',
      error: {
        code: 'SNAPSHOT_REFUSED',
        message: expect.stringContaining('snapshot.statementSeconds (2)') as unknown,
      },
    });
    const leak = "id = 1 AND EXTRACTVALUE(1, CONCAT(0x7e, email)) = 'x'";
    const told = JSON.stringify(await outcome('/api/v1/snapshots/sql', 'odd', { sql: leak }));
    expect(told).not.toContain('ann@');
    expect(capture.output).toContain('MOD(id, …) = …');
    expect(capture.output).not.toContain('ann@');
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
