import { ADDRESS_VARIABLES, startStack } from '@sluice/local-stack';
import { afterAll, describe, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { newestByKey, readRows } from '../harness/records/table-records.ts';

/** What only MariaDB has, and what its binlog does not tell, on an old server and on one that tells less. */

const stack = await startStack({ servers: ['kafka', 'mariadb'] });
afterAll(() => stack.stop());
const { [ADDRESS_VARIABLES.mariadb]: _shared, ...env } = process.env;
const newer = await startStack({ servers: ['mariadb'], mariadbVersion: '11.8', env });
afterAll(() => newer.stop());

type Sections = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
const SERVERS = [
  { version: '10.11', server: stack.mariadb },
  { version: '11.8', server: newer.mariadb },
] as const;

describe.each(SERVERS)('MariaDB $version', ({ version, server }) => {
  /** With a table `orders` of which the first row was read. */
  async function pipelineOf(stem: string, more: Sections = {}): Promise<CapturePipeline> {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, stem);
    await database.run(
      'CREATE TABLE orders (id INT NOT NULL PRIMARY KEY, v VARCHAR(20))',
      "INSERT INTO orders VALUES (1, 'first')",
    );
    const sections = { topics: { partitions: 1 }, ...more };
    return CapturePipeline.create(scope, { database, brokers: stack.kafka.brokers, sections });
  }

  test('tables and columns that are gone before their rows are read do not stop capture', async () => {
    const pipeline = await pipelineOf('gone');
    const { database, reader } = pipeline;
    const first = await pipeline.start();
    await pipeline.snapshotDone(first, ['orders']);
    await first.stop();
    await database.run(
      'CREATE TABLE dropped (id INT NOT NULL PRIMARY KEY, v VARCHAR(20))',
      "INSERT INTO dropped VALUES (1, 'never seen')",
      'DROP TABLE dropped',
      'CREATE TABLE named (id INT NOT NULL PRIMARY KEY, v VARCHAR(20))',
      "INSERT INTO named VALUES (7, 'by its old name')",
      'RENAME TABLE named TO renamed',
      'ALTER TABLE orders ADD COLUMN extra INT NOT NULL DEFAULT 5',
      "INSERT INTO orders VALUES (2, 'with extra', 6)",
      "UPDATE orders SET v = 'changed', extra = 8 WHERE id = 1",
      'ALTER TABLE orders DROP COLUMN extra',
      "INSERT INTO orders VALUES (3, 'last')",
    );
    const capture = await pipeline.start();
    await rowHasCome(pipeline, 'orders', '{"id":3}');
    await pipeline.snapshotDone(capture, ['orders', 'renamed']);
    const rows = newestByKey(await readRows(reader, pipeline.topic('orders')));
    const values = [...rows.values()].map(({ payload }) => payload.after);
    expect(values.sort((one, two) => Number(one?.['id']) - Number(two?.['id']))).toEqual([
      { id: 1, v: 'changed' },
      { id: 2, v: 'with extra' },
      { id: 3, v: 'last' },
    ]);
    const renamed = await readRows(reader, pipeline.topic('renamed'));
    expect(renamed.map(({ payload }) => payload.after)).toContainEqual({ id: 7, v: 'by its old name' });
    if (version === '11.8') {
      const names = await pipeline.topicNames();
      expect(names).not.toContain(pipeline.topic('dropped'));
      expect(capture.log.filter(({ event }) => event === 'capture.rows_passed_over')).toHaveLength(2);
    }
    expect(await capture.stop()).toMatchObject({ code: 0 });
  });

  test('a UNIQUE key over a long text has a hidden column, which nobody gets to see', async () => {
    const pipeline = await pipelineOf('hashed');
    const { database } = pipeline;
    const docs = 'id INT NOT NULL PRIMARY KEY, url TEXT NOT NULL, v INT NOT NULL, UNIQUE KEY by_url (url)';
    await database.run(
      `CREATE TABLE docs (${docs})`,
      "INSERT INTO docs VALUES (1, 'http://a', 1)",
      'CREATE TABLE own (id INT NOT NULL PRIMARY KEY, DB_ROW_HASH_1 INT)',
    );
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['orders', 'docs', 'own']);
    await database.run(
      "INSERT INTO docs VALUES (2, 'http://b', 1)",
      "UPDATE docs SET v = 2, url = 'http://aa' WHERE id = 1",
      "REPLACE INTO docs VALUES (3, 'http://b', 9)",
      `CREATE TABLE later (${docs})`,
      "INSERT INTO later VALUES (1, 'http://c', 1)",
      'INSERT INTO own VALUES (1, 7)',
    );
    await pipeline.arrived(capture, 'own', '{"id":1}');
    const rows = await readRows(pipeline.reader, pipeline.topic('docs'));
    expect(rows.map(({ payload }) => payload.after)).toEqual([
      { id: 1, url: 'http://a', v: 1 },
      { id: 2, url: 'http://b', v: 1 },
      { id: 1, url: 'http://aa', v: 2 },
      null,
      { id: 3, url: 'http://b', v: 9 },
    ]);
    const later = await readRows(pipeline.reader, pipeline.topic('later'));
    expect(later.map(({ payload }) => payload.after)).toEqual([{ id: 1, url: 'http://c', v: 1 }]);
    const own = await readRows(pipeline.reader, pipeline.topic('own'));
    expect(own.map(({ payload }) => payload.after)).toEqual([{ id: 1, DB_ROW_HASH_1: 7 }]);
    await capture.kill();
    const second = await pipeline.start();
    await database.run('UPDATE docs SET v = 3 WHERE id = 1', "INSERT INTO orders VALUES (2, 'last')");
    await pipeline.arrived(second, 'orders', '{"id":2}');
    const warnings = [...capture.log, ...second.log].filter(({ level }) => level === 'warn');
    // The client of Kafka warns of leaders that new topics do not have yet.
    const told = warnings.map(({ event }) => event).filter((event) => event !== 'kafka.client');
    // The account of the tests may do everything; each start says so, and nothing else.
    expect(told).toEqual(['capture.account_too_wide', 'capture.account_too_wide']);
    expect(await second.stop()).toMatchObject({ code: 0 });
  });

  test('sequences are no tables', async () => {
    const pipeline = await pipelineOf('sequences');
    const { database } = pipeline;
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['orders']);
    await database.run(
      'CREATE SEQUENCE numbers',
      'SELECT NEXT VALUE FOR numbers',
      "INSERT INTO orders VALUES (NEXT VALUE FOR numbers, 'numbered')",
    );
    await rowHasCome(pipeline, 'orders', '{"id":2}');
    expect(await pipeline.topicNames()).not.toContain(pipeline.topic('numbers'));
    expect(await capture.stop()).toMatchObject({ code: 0 });
  });

  test('a table that keeps its history is left alone, whether it was published before or not', async () => {
    const pipeline = await pipelineOf('versioned');
    const { database } = pipeline;
    const versioned = 'CREATE TABLE kept (id INT NOT NULL PRIMARY KEY, v INT) WITH SYSTEM VERSIONING';
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['orders']);
    await database.run(
      versioned,
      'INSERT INTO kept VALUES (1, 1)',
      'UPDATE kept SET v = 2',
      "INSERT INTO orders VALUES (2, 'beside it')",
    );
    await rowHasCome(pipeline, 'orders', '{"id":2}');
    await capture.logged('capture.table_refused');
    expect(await pipeline.topicNames()).not.toContain(pipeline.topic('kept'));

    await database.run('ALTER TABLE orders ADD SYSTEM VERSIONING', "INSERT INTO orders VALUES (3, 'x')");
    const alone = async (): Promise<unknown> =>
      ((await capture.status()) as { refused: readonly { table: string; code: string }[] }).refused
        .map(({ table, code }) => `${code} ${table.split('.')[1] ?? ''}`)
        .sort();
    await eventually('orders to be left alone', async () => ((await alone()) as unknown[]).length === 2);
    expect(await alone()).toEqual(['TABLE_SYSTEM_VERSIONED kept', 'TABLE_SYSTEM_VERSIONED orders']);
    await database.run('ALTER TABLE orders DROP SYSTEM VERSIONING');
    await rowHasCome(pipeline, 'orders', '{"id":3}');
    expect(await alone()).toEqual(['TABLE_SYSTEM_VERSIONED kept']);
  });

  test('a published table that keeps its history from now on is left alone where no snapshots are taken, too', async () => {
    const pipeline = await pipelineOf('never', { snapshot: { mode: 'never' } });
    const { database } = pipeline;
    const capture = await pipeline.start();
    await database.run("INSERT INTO orders VALUES (2, 'before')");
    await rowHasCome(pipeline, 'orders', '{"id":2}');
    await database.run('ALTER TABLE orders ADD SYSTEM VERSIONING', "INSERT INTO orders VALUES (3, 'x')");
    await capture.logged('capture.table_refused');
    const keys = (await readRows(pipeline.reader, pipeline.topic('orders'))).map(({ key }) => key);
    expect(keys).not.toContain('{"id":3}');
    expect(await capture.stop()).toMatchObject({ code: 0 });
  });
});

/** Not the newest record: what an ALTER has made of the table is read again behind it. */
async function rowHasCome(pipeline: CapturePipeline, table: string, wanted: string): Promise<void> {
  await eventually(`${wanted} in ${table}`, async () => {
    const rows = await readRows(pipeline.reader, pipeline.topic(table));
    return rows.some(({ key }) => key === wanted);
  });
}
