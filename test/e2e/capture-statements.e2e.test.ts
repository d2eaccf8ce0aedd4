import { describe, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { ownServers } from '../harness/pipelines/own-servers.ts';
import { fileScope, testScope } from '../harness/scope.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { newestByKey, readEnvelopes, readRows } from '../harness/records/table-records.ts';

/** Rows of which the binlog tells less than what became of them. */

// A change that is logged as a statement makes every capture of its server read tables again: those of other tests too.
const stack = await ownServers(fileScope(), { mysql: [], mariadb: [] }, ['kafka']);

const ORDERS = 'CREATE TABLE orders (id INT NOT NULL PRIMARY KEY, v VARCHAR(40))';

describe.each([stack.mysql, stack.mariadb])('$flavour', (server) => {
  async function pipelineWith(...statements: readonly string[]): Promise<CapturePipeline> {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'told');
    await database.run(...statements);
    return CapturePipeline.create(scope, { database, brokers: stack.kafka.brokers });
  }

  const alertsOf = async (pipeline: CapturePipeline): Promise<{ class: string; tables: string[] }[]> =>
    ((await sluice(pipeline.configFile, 'ddl alerts')).document as { entries: never[] }).entries;

  test('what is rolled back in the binlog has no effect, and one phase of XA is a commit', async () => {
    const pipeline = await pipelineWith(ORDERS, "INSERT INTO orders VALUES (1, 'first')");
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['orders']);
    const xid = `'${pipeline.name}'`;
    await pipeline.database.run(
      // MariaDB logs these groups, because of the temporary tables.
      'BEGIN',
      "INSERT INTO orders VALUES (2, 'gone')",
      'CREATE TEMPORARY TABLE work (id INT PRIMARY KEY) ENGINE=InnoDB',
      'INSERT INTO work SELECT id FROM orders',
      'DROP TEMPORARY TABLE work',
      "INSERT INTO orders VALUES (3, 'gone')",
      'ROLLBACK',
      'BEGIN',
      "INSERT INTO orders VALUES (4, 'stays')",
      'SAVEPOINT `before work`',
      "INSERT INTO orders VALUES (5, 'gone')",
      'CREATE TEMPORARY TABLE work2 (id INT) ENGINE=MyISAM',
      'INSERT INTO work2 VALUES (1)',
      'DROP TEMPORARY TABLE work2',
      'ROLLBACK TO SAVEPOINT `before work`',
      "INSERT INTO orders VALUES (6, 'stays')",
      'COMMIT',
      `XA START ${xid}`,
      "INSERT INTO orders VALUES (7, 'one phase')",
      `XA END ${xid}`,
      `XA COMMIT ${xid} ONE PHASE`,
      `XA START ${xid}`,
      "INSERT INTO orders VALUES (8, 'gone')",
      `XA END ${xid}`,
      `XA ROLLBACK ${xid}`,
      "INSERT INTO orders VALUES (9, 'last')",
    );
    await pipeline.arrived(capture, 'orders', '{"id":9}');
    const rows = await readRows(pipeline.reader, pipeline.topic('orders'));
    expect(rows.map(({ key }) => key).sort()).toEqual([1, 4, 6, 7, 9].map((id) => `{"id":${id}}`));
    expect(await alertsOf(pipeline)).toEqual([]);
    expect(capture.log.filter(({ event }) => event === 'capture.interrupted')).toEqual([]);
    expect(await capture.stop()).toMatchObject({ code: 0 });
  });

  test('tables whose rows statements change are read again, and no others unless one may change them', async () => {
    const pipeline = await pipelineWith(
      ORDERS,
      'CREATE TABLE items LIKE orders',
      'CREATE TABLE logged LIKE orders',
      "INSERT INTO orders VALUES (1, 'first'), (2, 'gone')",
      "INSERT INTO items VALUES (1, 'first')",
      'CREATE TRIGGER tell AFTER UPDATE ON items FOR EACH ROW REPLACE INTO logged VALUES (NEW.id, NEW.v)',
    );
    const { database, reader } = pipeline;
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['orders', 'items', 'logged']);
    const session = await database.connect();
    await session.query('SET SESSION binlog_format = STATEMENT');
    await session.query("INSERT INTO orders VALUES (3, CONCAT('un', 'seen'))");
    await session.query('DELETE FROM orders WHERE id = 2');
    const newest = async (table: string): Promise<unknown[]> => {
      const rows = newestByKey(await readRows(reader, pipeline.topic(table)));
      return [...rows.values()].map(({ payload }) => payload.after);
    };
    await eventually('the row of the statement', async () =>
      (await newest('orders')).some((row) => (row as { id: number } | null)?.id === 3),
    );
    expect((await alertsOf(pipeline)).at(-1)).toMatchObject({
      class: 'rows',
      tables: [`${pipeline.name}.orders`],
    });
    await session.query("UPDATE items SET v = 'changed' WHERE id = 1");
    await eventually('what the trigger has done', async () => {
      const [row] = await newest('logged');
      return (row as { v: string } | undefined)?.v === 'changed';
    });
    // What is not there any more is taken away by the end of the snapshot.
    await eventually('the end of the snapshot', async () => {
      const records = await readEnvelopes(reader, pipeline.topic('orders'));
      return records.some(
        ({ envelope: { payload } }) => 'reconcile' in payload && payload.phase === 'end' && payload.reconcile,
      );
    });
    expect(capture.output).not.toContain('unseen');
    expect(capture.log.filter(({ event }) => event === 'capture.interrupted')).toEqual([]);
    expect(await capture.stop()).toMatchObject({ code: 0 });
  });

  test('a table that is made with the rows of a query is read, whether the binlog has its rows or the statement', async () => {
    const pipeline = await pipelineWith(ORDERS, "INSERT INTO orders VALUES (1, 'first'), (2, 'second')");
    const { database, reader } = pipeline;
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['orders']);
    const rowsOf = (table: string): Promise<number> =>
      readRows(reader, pipeline.topic(table)).then((rows) => newestByKey(rows).size);
    const session = await database.connect();
    await session.query('CREATE TABLE told (PRIMARY KEY (id)) AS SELECT * FROM orders');
    await eventually('the rows of the binlog', async () => (await rowsOf('told')) === 2);
    await session.query('SET SESSION binlog_format = STATEMENT');
    await session.query('CREATE TABLE copied (PRIMARY KEY (id)) AS SELECT * FROM orders');
    await eventually('the rows of the statement', async () => (await rowsOf('copied')) === 2);
    const alerts = [{ class: 'rows', tables: [`${pipeline.name}.copied`] }];
    expect(await alertsOf(pipeline)).toMatchObject(alerts);
    if (server.flavour === 'mariadb') {
      await session.query(
        "CREATE OR REPLACE TABLE told (PRIMARY KEY (id)) AS SELECT id + 10 AS id, 'new' AS v FROM orders",
      );
      await eventually('the rows of the table in its place', async () => (await rowsOf('told')) === 4);
    }
    expect(capture.log.filter(({ event }) => event === 'capture.interrupted')).toEqual([]);
    expect(await capture.stop()).toMatchObject({ code: 0 });
  });

  test('what statements change by views, MERGE tables, foreign keys and triggers that are gone is read again', async () => {
    const pipeline = await pipelineWith(
      ORDERS,
      'CREATE TABLE items LIKE orders',
      'CREATE TABLE logged LIKE orders',
      'CREATE VIEW seen AS SELECT id, v FROM orders',
      'CREATE TABLE part (id INT NOT NULL PRIMARY KEY, v VARCHAR(40)) ENGINE=MyISAM',
      'CREATE TABLE merged (id INT NOT NULL PRIMARY KEY, v VARCHAR(40)) ENGINE=MERGE UNION=(part) INSERT_METHOD=LAST',
      'CREATE TABLE parent (id INT NOT NULL PRIMARY KEY)',
      'CREATE TABLE child (id INT NOT NULL PRIMARY KEY, v INT, FOREIGN KEY (v) REFERENCES parent (id) ON UPDATE CASCADE)',
      'INSERT INTO parent VALUES (1)',
      'INSERT INTO child VALUES (1, 1)',
      "INSERT INTO items VALUES (1, 'first')",
      'CREATE TRIGGER tell AFTER UPDATE ON items FOR EACH ROW REPLACE INTO logged VALUES (NEW.id, NEW.v)',
    );
    const { database, reader } = pipeline;
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['orders', 'items', 'logged', 'part', 'parent', 'child']);
    const session = await database.connect();
    await session.query('SET SESSION binlog_format = STATEMENT');
    const arrives = (table: string, id: number, v: unknown): Promise<unknown> =>
      eventually(`row ${id} of ${table}`, async () => {
        const rows = newestByKey(await readRows(reader, pipeline.topic(table)));
        const row = rows.get(`{"id":${id}}`)?.payload.after as { v: unknown } | null | undefined;
        return row?.v === v;
      });
    await session.query("INSERT INTO seen VALUES (7, 'by the view')");
    await arrives('orders', 7, 'by the view');
    await session.query("INSERT INTO merged VALUES (8, 'by the whole')");
    await arrives('part', 8, 'by the whole');
    await session.query('UPDATE parent SET id = 9');
    await arrives('child', 1, 9);
    // No foreign key does anything at an INSERT.
    await session.query('INSERT INTO parent VALUES (10)');
    await eventually('what the INSERT makes be read again', async () =>
      (await alertsOf(pipeline)).some(({ tables }) => tables.join() === `${pipeline.name}.parent`),
    );
    expect(capture.log.filter(({ event }) => event === 'capture.interrupted')).toEqual([]);
    await capture.stop();
    await session.query("UPDATE items SET v = 'told' WHERE id = 1");
    await session.query('DROP TRIGGER tell');
    await pipeline.start();
    await arrives('logged', 1, 'told');
  });
});
