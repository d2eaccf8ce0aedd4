import { startStack } from '@sluice/local-stack';
import { afterAll, describe, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';
import { readRows } from '../harness/records/table-records.ts';

/** What statements do to captured tables is told in the order of the binlog; alerts stand until somebody clears them. */

const stack = await startStack({ servers: ['kafka', 'mysql', 'mariadb'] });
afterAll(() => stack.stop());

interface Listing {
  readonly unacknowledged: number;
  readonly entries: readonly {
    readonly id: string;
    readonly class: string;
    readonly policy: string;
    readonly tables: readonly string[];
    readonly statement: string;
  }[];
}

describe.each([stack.mysql, stack.mariadb])('$flavour', (server) => {
  test('history and alerts, over a restart', async () => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'alerts');
    await database.run('CREATE TABLE orders (id INT NOT NULL PRIMARY KEY, v VARCHAR(20))');
    const pipeline = await CapturePipeline.create(scope, {
      database,
      brokers: stack.kafka.brokers,
      sections: { topics: { partitions: 1 } },
    });
    const capture = await pipeline.start();
    const list = async (page: 'alerts' | 'history'): Promise<Listing> =>
      (await sluice(pipeline.configFile, `ddl ${page}`)).document as Listing;
    await pipeline.snapshotDone(capture, ['orders']);
    await database.run(
      "ALTER TABLE orders ADD COLUMN token VARCHAR(9) DEFAULT 'hunter2'",
      'CREATE INDEX by_v ON orders (v)',
      'ALTER TABLE orders DROP COLUMN v',
      'TRUNCATE TABLE orders',
      'CREATE TABLE items (id INT NOT NULL PRIMARY KEY)',
      'RENAME TABLE orders TO sold',
      'DROP TABLE sold, items',
    );
    const history = await eventually('the statements', async () => {
      const { entries } = await list('history');
      return entries.length === 6 && entries;
    });
    expect(history.toReversed().map(({ class: kind, policy }) => `${kind} ${policy}`)).toEqual([
      'additive apply',
      'breaking alert',
      'truncate apply',
      'additive apply',
      'rename alert',
      'drop alert',
    ]);
    expect(history.map(({ tables }) => tables.map((id) => id.split('.')[1])).at(0)).toEqual([
      'sold',
      'items',
    ]);
    expect(JSON.stringify(history)).not.toContain('hunter2');
    expect(capture.output).not.toContain('hunter2');

    await capture.kill();
    const second = await pipeline.start();
    const { entries, unacknowledged } = await list('alerts');
    expect([unacknowledged, entries.map(({ class: kind }) => kind)]).toEqual([
      3,
      ['breaking', 'rename', 'drop'],
    ]);
    expect(await second.status()).toMatchObject({ ddl: { unacknowledged: 3 } });
    const cleared = await sluice(pipeline.configFile, `ddl clear --id ${entries[0]?.id ?? ''} --by ann`);
    expect(cleared).toMatchObject({ code: 0, document: { unacknowledged: 2 } });

    await second.stop();
    await pipeline.start();
    expect((await list('alerts')).entries.map(({ class: kind }) => kind)).toEqual(['rename', 'drop']);
    expect(await sluice(pipeline.configFile, 'ddl clear')).toMatchObject({ document: { unacknowledged: 0 } });
  });

  test('an XA transaction stops its table alone; resumed, it has every row', async () => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'xa');
    await database.run(
      'CREATE TABLE orders (id INT NOT NULL PRIMARY KEY)',
      'CREATE TABLE other (id INT NOT NULL PRIMARY KEY)',
      'INSERT INTO orders VALUES (1)',
    );
    const pipeline = await CapturePipeline.create(scope, {
      database,
      brokers: stack.kafka.brokers,
      sections: { topics: { partitions: 1 } },
    });
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['orders', 'other']);
    const xid = `'${database.name}'`;
    const late = `'${database.name} late'`;
    const prepared = (name: string, id: number): string[] => [
      `XA START ${name}`,
      `INSERT INTO orders VALUES (${id})`,
      `XA END ${name}`,
      `XA PREPARE ${name}`,
    ];
    await database.run(...prepared(xid, 2));
    const other = await database.connect();
    for (const sql of prepared(late, 7)) await other.query(sql);
    await database.run(`XA ROLLBACK ${xid}`, 'INSERT INTO orders VALUES (3)', 'INSERT INTO other VALUES (4)');
    await pipeline.arrived(capture, 'other', '{"id":4}');
    expect(capture.log.filter(({ event }) => event === 'table.stopped')).not.toEqual([]);
    const stopped = { stopped: [`${database.name}.orders`] };
    expect(await capture.status()).toMatchObject(stopped);
    await capture.kill();
    const second = await pipeline.start();
    expect(await second.status()).toMatchObject(stopped);
    expect(await second.get('/health')).toMatchObject({ components: { tables: { status: 'degraded' } } });
    await database.run('DELETE FROM orders WHERE id = 1', 'INSERT INTO other VALUES (5)');
    await pipeline.arrived(second, 'other', '{"id":5}');
    expect((await readRows(pipeline.reader, pipeline.topic('orders'))).map(({ key }) => key)).toEqual([
      '{"id":1}',
    ]);
    const resumed = await sluice(
      pipeline.configFile,
      `table resume --table ${database.name}.orders --by ann`,
    );
    expect(resumed).toMatchObject({ code: 0 });
    expect(await second.status()).toMatchObject({ stopped: [] });
    const keys = await eventually('the row', async () => {
      const rows = await readRows(pipeline.reader, pipeline.topic('orders'));
      return rows.length > 1 && rows.map(({ key }) => key);
    });
    expect(keys).toEqual(['{"id":1}', '{"id":3}']);
    // Resumed too early: the row of the other transaction comes when it commits.
    await other.query(`XA COMMIT ${late}`);
    await eventually('the late row', async () => {
      const rows = await readRows(pipeline.reader, pipeline.topic('orders'));
      return rows.some(({ key }) => key === '{"id":7}');
    });
  });

  test('an XA transaction on tables that are not captured takes nothing of what was committed before it', async () => {
    const scope = testScope();
    const database = await SourceDatabase.create(scope, server, 'xa');
    const elsewhere = await SourceDatabase.create(scope, server, 'elsewhere');
    await database.run('CREATE TABLE orders (id INT NOT NULL PRIMARY KEY)');
    await elsewhere.run('CREATE TABLE others (id INT NOT NULL PRIMARY KEY)');
    const pipeline = await CapturePipeline.create(scope, {
      database,
      brokers: stack.kafka.brokers,
      sections: { topics: { partitions: 1 } },
    });
    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['orders']);
    // All of it is read at once.
    capture.pause();
    await database.run('INSERT INTO orders VALUES (1)');
    const xid = `'${elsewhere.name}'`;
    await elsewhere.run(
      `XA START ${xid}`,
      'INSERT INTO others VALUES (1)',
      `XA END ${xid}`,
      `XA PREPARE ${xid}`,
      `XA COMMIT ${xid}`,
    );
    await database.run('INSERT INTO orders VALUES (2)');
    capture.resume();
    await pipeline.arrived(capture, 'orders', '{"id":2}');
    expect((await readRows(pipeline.reader, pipeline.topic('orders'))).map(({ key }) => key)).toEqual([
      '{"id":1}',
      '{"id":2}',
    ]);
    expect(await capture.status()).toMatchObject({ stopped: [], ddl: { unacknowledged: 0 } });
  });
});
