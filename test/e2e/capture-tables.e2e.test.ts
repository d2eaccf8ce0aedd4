import { startStack } from '@sluice/local-stack';
import { afterAll, describe, expect, test } from 'vitest';
import { CapturePipeline, type CaptureStatus } from '../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import type { ServiceProcess } from '../harness/processes/service-process.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { readEnvelopes, readRows } from '../harness/records/table-records.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'mariadb'] });
afterAll(() => stack.stop());

const PARTITIONS = 1;
const ORDERS = 'CREATE TABLE orders (id INT NOT NULL PRIMARY KEY, v VARCHAR(20))';

describe.each([stack.mysql, stack.mariadb])('$flavour', (server) => {
  async function pipelineWith(...statements: readonly string[]): Promise<CapturePipeline> {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'tables');
    await database.run(...statements);
    return CapturePipeline.create(scope, {
      database,
      brokers: stack.kafka.brokers,
      sections: {
        // One table after the other: some tests are about the one that waits.
        snapshot: { chunkRows: 2, maxThreads: 1 },
        source: captured(database.name),
        topics: { partitions: PARTITIONS },
      },
    });
  }

  test('a table altered while another one is being read has its rows as they are', async () => {
    const pipeline = await pipelineWith(
      ORDERS,
      fill('orders', 1500),
      'CREATE TABLE zz (id INT NOT NULL PRIMARY KEY, v VARCHAR(20))',
      fill('zz', 9),
    );
    const { database, reader } = pipeline;
    const capture = await pipeline.start();
    await eventually('some rows', async () => (await snapshotRows(pipeline, capture, 'orders')) >= 20, {
      everyMs: 5,
    });
    await database.run(
      'INSERT INTO zz VALUES (100, "old")',
      'ALTER TABLE zz ADD COLUMN extra INT NOT NULL DEFAULT 7 AFTER id',
      'INSERT INTO zz VALUES (101, 8, "new")',
    );
    expect(await snapshotRows(pipeline, capture, 'orders')).toBeLessThan(1500);
    await pipeline.snapshotDone(capture, ['orders', 'zz']);
    await capture.stop();
    const rows = await readRows(reader, pipeline.topic('zz'));
    const newest = new Map(rows.map(({ key, payload }) => [key, payload.after]));
    const source = await database.rows('SELECT id, extra, v FROM zz');
    expect([...newest.values()].sort(byId)).toEqual(source.map((row) => ({ ...row })).sort(byId));
    const kept = rows.filter(({ payload }) => payload.operation === 'SNAPSHOT');
    expect(new Set(kept.map(({ payload }) => Object.keys(payload.after ?? {}).join()))).toEqual(
      new Set(['id,extra,v']),
    );
  });

  test('a TRUNCATE is published although no row of the table was met since the start', async () => {
    const pipeline = await pipelineWith(ORDERS, fill('orders', 3));
    const { database } = pipeline;
    const first = await pipeline.start();
    await pipeline.snapshotDone(first, ['orders']);
    await first.stop();
    const second = await pipeline.start();
    await database.run('TRUNCATE TABLE orders');
    await untilOperation(pipeline, 'orders', 'TRUNCATE', PARTITIONS);
    // A table of the same name that is made anew is empty as well.
    await database.run('DROP TABLE orders', ORDERS, 'INSERT INTO orders VALUES (1, "again")');
    await untilOperation(pipeline, 'orders', 'TRUNCATE', 2 * PARTITIONS);
    await untilOperation(pipeline, 'orders', 'INSERT', 1);
    expect(await second.stop()).toMatchObject({ code: 0 });
  });

  test('a table that gets a captured name is read by a snapshot', async () => {
    const pipeline = await pipelineWith(ORDERS);
    const { database, reader } = pipeline;
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['orders']);
    // Rows of no captured table: no setting hides them either.
    await database.run(
      'CREATE TABLE sluice_lines (id INT NOT NULL PRIMARY KEY, v VARCHAR(20))',
      fill('sluice_lines', 5),
      'RENAME TABLE sluice_lines TO shown',
    );
    await pipeline.snapshotDone(capture, ['shown']);
    const rows = await readRows(reader, pipeline.topic('shown'));
    expect(new Set(rows.map(({ key }) => key)).size).toBe(5);
    // A statement of another test on this server can make every table be read once more.
    expect(new Set(rows.map(({ payload }) => payload.operation))).toEqual(new Set(['SNAPSHOT']));
    expect(await capture.stop()).toMatchObject({ code: 0 });
  });

  test('rows that go with their partition leave no trace: the table is read again', async () => {
    const pipeline = await pipelineWith(
      'CREATE TABLE log (id INT NOT NULL PRIMARY KEY, v VARCHAR(20)) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (3), PARTITION p1 VALUES LESS THAN (100))',
      fill('log', 5),
    );
    const { database, reader } = pipeline;
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['log']);
    await database.run('ALTER TABLE log DROP PARTITION p0');
    const lines = await eventually('a snapshot that reconciles without the rows that are gone', async () => {
      const records = await readEnvelopes(reader, pipeline.topic('log'));
      const told = records.flatMap(({ key, record, envelope: { payload } }) => {
        if ('reconcile' in payload) return [`${payload.phase} ${payload.reconcile}`];
        return String(record.headers.get('operation')) === 'SNAPSHOT' ? [key] : [];
      });
      const ends = told.lastIndexOf('end true');
      const last = told.slice(told.lastIndexOf('begin true', ends), ends + 1);
      return ends > 0 && !last.includes('{"id":1}') && { first: told.slice(0, 7), last };
    });
    // In between a statement of another test on this server can make every table be read once more.
    const [one, two, three, four, five] = [1, 2, 3, 4, 5].map((id) => `{"id":${id}}`);
    expect(lines.first).toEqual(['begin false', one, two, three, four, five, 'end false']);
    expect(lines.last).toEqual(['begin true', three, four, five, 'end true']);
    expect(await capture.stop()).toMatchObject({ code: 0 });
  });

  test('names with dots and wide rows', async () => {
    const pipeline = await pipelineWith('CREATE TABLE `a.b` (id INT NOT NULL PRIMARY KEY, v LONGBLOB)');
    const { database, reader } = pipeline;
    const capture = await pipeline.start();
    // 600 KB that hardly compress: a message may have one of them, not two.
    const inserts = [1, 2, 3, 4].map((id) => `INSERT INTO \`a.b\` VALUES (${id}, ${randomBytesSql(600)})`);
    await database.run('START TRANSACTION', ...inserts, 'COMMIT');
    await eventually('all rows', async () => {
      const rows = await readRows(reader, pipeline.topic('a.b'));
      return new Set(rows.map(({ key }) => key)).size === 4;
    });
    expect(await capture.stop()).toMatchObject({ code: 0 });
  });
});

function captured(database: string): { tables: string[]; excludeTables: string[] } {
  return { tables: [`${database}.*`], excludeTables: [`${database}.hidden_*`] };
}

/** Rows 1 to `count`, in one statement. */
function fill(table: string, count: number): string {
  const rows = Array.from({ length: count }, (_, index) => `(${index + 1}, 'row ${index + 1}')`);
  return `INSERT INTO ${table} (id, v) VALUES ${rows.join(',')}`;
}

/** RANDOM_BYTES gives at most 1024 bytes. */
function randomBytesSql(kilobytes: number): string {
  return `CONCAT(${Array.from({ length: kilobytes }, () => 'RANDOM_BYTES(1024)').join(',')})`;
}

function byId(left: unknown, right: unknown): number {
  return (left as { id: number }).id - (right as { id: number }).id;
}

async function snapshotRows(
  pipeline: CapturePipeline,
  capture: ServiceProcess,
  table: string,
): Promise<number> {
  const { snapshot } = (await capture.status()) as CaptureStatus;
  return snapshot[`${pipeline.database.name}.${table}`]?.rows ?? 0;
}

/** Until the table's topic holds so many records with this operation, controls counted in every partition. */
async function untilOperation(
  pipeline: CapturePipeline,
  table: string,
  operation: string,
  count: number,
): Promise<void> {
  await eventually(`${count} records ${operation}`, async () => {
    const records = await readEnvelopes(pipeline.reader, pipeline.topic(table));
    const found = records.filter(({ record }) => String(record.headers.get('operation')) === operation);
    return found.length >= count;
  });
}
