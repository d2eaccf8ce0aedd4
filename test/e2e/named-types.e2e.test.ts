import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { readRows } from '../harness/records/table-records.ts';

/** MariaDB's UUID and INET types look like BINARY in its binlog: what they are must be known for the place that is read. */

const stack = await startStack({ servers: ['kafka', 'mariadb'] });
afterAll(() => stack.stop());

const id = (digit: number): string => `X'0000000000000000000000000000000${digit}'`;
const asBytes = (digit: number): string => `{"id":"AAAAAAAAAAAAAAAAAAAAA${'AQgw'[digit]}=="}`;
const asUuid = (digit: number): string => `{"id":"00000000-0000-0000-0000-00000000000${digit}"}`;

async function pipelineWith(...statements: readonly string[]): Promise<CapturePipeline> {
  const scope = testScope();
  const database = await SourceDatabase.create(scope, stack.mariadb, 'named');
  await database.run(...statements);
  return CapturePipeline.create(scope, {
    database,
    brokers: stack.kafka.brokers,
    sections: { topics: { partitions: 1 } },
  });
}

/** Record keys of the rows that the stream brought, and of those that snapshots did. */
async function keys(
  pipeline: CapturePipeline,
  table: string,
): Promise<{ readonly changes: string[]; readonly read: string[] }> {
  const rows = await readRows(pipeline.reader, pipeline.topic(table));
  const of = (isSnapshot: boolean): string[] =>
    rows.filter(({ payload }) => (payload.operation === 'SNAPSHOT') === isSnapshot).map(({ key }) => key);
  return { changes: of(false), read: of(true) };
}

/** A table that was altered or made is read by a snapshot too, so the row need not be the newest. */
async function arrived(pipeline: CapturePipeline, table: string, key: string): Promise<void> {
  await eventually(`${key} in ${table}`, async () => (await keys(pipeline, table)).changes.includes(key));
}

test('rows written before BINARY(16) became UUID stay bytes though capture reads them afterwards', async () => {
  const pipeline = await pipelineWith(
    'CREATE TABLE t (id binary(16) NOT NULL PRIMARY KEY)',
    `INSERT INTO t VALUES (${id(1)})`,
  );
  const { database } = pipeline;
  const first = await pipeline.start();
  await pipeline.snapshotDone(first, ['t']);
  await first.stop();
  await database.run(
    // Statements that name the table, and make it no UUID: the server says so by the time that capture reads them.
    'CREATE TABLE u (t int PRIMARY KEY)',
    'ALTER TABLE t ADD x int AFTER id',
    `INSERT INTO t (id) VALUES (${id(2)})`,
    'ALTER TABLE t MODIFY id uuid NOT NULL',
    `INSERT INTO t (id) VALUES (${id(3)})`,
  );
  await pipeline.start();
  await arrived(pipeline, 't', asUuid(3));
  const { changes, read } = await keys(pipeline, 't');
  expect(changes).toEqual([asBytes(2), asUuid(3)]);
  expect(read[0]).toBe(asBytes(1));
});

test('a type that changed without a row since is known to the next capture', async () => {
  const pipeline = await pipelineWith(
    'CREATE TABLE t (id binary(16) NOT NULL PRIMARY KEY)',
    'CREATE TABLE other (id int PRIMARY KEY)',
    `INSERT INTO t VALUES (${id(1)})`,
  );
  const { database } = pipeline;
  const first = await pipeline.start();
  await pipeline.snapshotDone(first, ['t', 'other']);
  await database.run('ALTER TABLE t MODIFY id uuid NOT NULL', 'INSERT INTO other VALUES (1)');
  await arrived(pipeline, 'other', '{"id":1}');
  await first.stop();
  await pipeline.start();
  await database.run(`INSERT INTO t VALUES (${id(2)})`);
  await arrived(pipeline, 't', asUuid(2));
  // The altered table was read again: its row of before is there by its new key as well.
  await eventually('the row read again', async () => (await keys(pipeline, 't')).read.includes(asUuid(1)));
  const { changes, read } = await keys(pipeline, 't');
  expect(changes).toEqual([asUuid(2)]);
  expect(read[0]).toBe(asBytes(1));
});

test('tables and columns that come while capture streams', async () => {
  const pipeline = await pipelineWith('CREATE TABLE t (id int PRIMARY KEY)');
  const { database } = pipeline;
  const capture = await pipeline.start();
  await pipeline.snapshotDone(capture, ['t']);
  await database.run(
    'ALTER TABLE t ADD a inet4, ADD b binary(4)',
    "INSERT INTO t VALUES (1, '10.0.0.1', X'0A000001')",
    'CREATE TABLE made (id inet6 NOT NULL PRIMARY KEY, b binary(16))',
    "INSERT INTO made VALUES ('::1', X'00')",
  );
  const inserted = '{"id":"::1"}';
  const here = async (): Promise<boolean> => {
    const { changes, read } = await keys(pipeline, 'made');
    return [...changes, ...read].includes(inserted);
  };
  await eventually(`${inserted} in made`, here);
  const [row] = await readRows(pipeline.reader, pipeline.topic('t'));
  expect(row?.payload.after).toEqual({ id: 1, a: '10.0.0.1', b: 'CgAAAQ==' });
  const [made] = await readRows(pipeline.reader, pipeline.topic('made'));
  expect(made?.payload.after).toEqual({ id: '::1', b: 'AAAAAAAAAAAAAAAAAAAAAA==' });
});
