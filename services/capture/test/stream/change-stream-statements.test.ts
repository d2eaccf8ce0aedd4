import { envelopeSchema } from '@sluice/envelope';
import { describe, expect, test } from 'vitest';
import { controls, recordsOf, rowsOf } from '../support/buffer-records.ts';
import {
  begin,
  insert,
  ORDERS,
  PARTITIONS,
  knownOrders,
  registryOf,
  statement,
  streamOf,
  query,
  workOf,
} from '../support/streams.ts';

/** What the stream makes of statements: of those that empty, make, rename and alter tables, and of XA. */

describe('a server that takes names in any case for the same', () => {
  test.each([
    ['alter table Orders add c int', { altered: ['orders'], renamed: [] }],
    ['ALTER TABLE SHOP.ORDERS DROP PARTITION p0', { altered: ['orders'], renamed: [] }],
    ['rename table `Orders_New` to ORDERS', { altered: [], renamed: ['orders'] }],
    ['rename table Orders to Sold', { altered: [], renamed: ['sold'] }],
  ])('%s', (sql, expected) => {
    const { stream, work, journal } = streamOf({ registry: knownOrders(), ignoresCase: true });
    statement(stream, sql, 300, 'Shop');
    const names = (kind: 'altered' | 'renamed'): string[] =>
      workOf(work, kind).map(({ table }) => table.table);
    expect({ altered: names('altered'), renamed: names('renamed') }).toEqual(expected);
    expect(journal.history()).toMatchObject([
      { tables: expect.arrayContaining(['shop.orders']) as string[] },
    ]);
  });
});

test.each([
  ['CREATE TABLE IF NOT EXISTS orders SELECT 1 AS id', 0],
  ['CREATE TABLE IF NOT EXISTS orders SELECT f(1) AS id', 1],
  ['CREATE TABLE orders SELECT 1 AS id', 1],
  ['CREATE TABLE IF NOT EXISTS lines SELECT 1 AS id', 1],
])('%s may have changed rows of the known table orders, or of a new one: %i', (sql, doubts) => {
  const { stream, work } = streamOf({ registry: knownOrders() });
  statement(stream, sql, 300);
  expect(workOf(work, 'doubt')).toHaveLength(doubts);
});

describe('TRUNCATE', () => {
  test.each([
    ['of a table that no row was met of', 'TRUNCATE TABLE orders', false, 1],
    ['by another spelling where the server takes it for the same', 'TRUNCATE shop.ORDERS', true, 1],
    ['of another table by another spelling', 'TRUNCATE shop.ORDERS', false, 0],
    ['of a table that is not known', 'TRUNCATE strange', false, 0],
    ['of a table that is not captured', 'TRUNCATE crm.orders', false, 0],
    ['by making the table anew', 'CREATE TABLE orders (id INT PRIMARY KEY)', false, 1],
    ['not by making it if it is missing', 'CREATE TABLE IF NOT EXISTS orders (id INT)', false, 0],
  ])('%s', (_what, sql, ignoresCase, times) => {
    const { stream, buffer } = streamOf({ registry: knownOrders(), ignoresCase });
    statement(stream, sql, 300);
    const found = controls(recordsOf(buffer), 'truncate');
    expect(found).toHaveLength(times * PARTITIONS);
    for (const { value, headers } of found) {
      expect(headers).toEqual({
        operation: 'TRUNCATE',
        sequence: '0010000020000000300',
        schema: 'truncate/1/4',
      });
      expect(envelopeSchema.parse(JSON.parse(value ?? ''))).toMatchObject({
        payload: { source: { position: { offset: 300 } } },
      });
    }
  });

  test.each([
    ['DROP TABLE IF EXISTS orders', PARTITIONS],
    ['DROP DATABASE shop', PARTITIONS],
    ['RENAME TABLE orders TO orders_1121', PARTITIONS],
    ['RENAME TABLE orders TO orders_1121, orders_1121 TO orders', 0],
    ['DROP TABLE IF EXISTS lines', 0],
  ])('by making it if it is missing, after %s', (sql, records) => {
    const { stream, buffer } = streamOf({ registry: knownOrders() });
    statement(stream, sql, 300);
    statement(stream, 'CREATE TABLE IF NOT EXISTS orders (id INT)', 500);
    expect(controls(recordsOf(buffer), 'truncate')).toHaveLength(records);
    statement(stream, 'CREATE TABLE IF NOT EXISTS orders (id INT)', 700);
    expect(controls(recordsOf(buffer), 'truncate')).toHaveLength(records);
  });

  test('has a sequence above every row before it and below every row after it', () => {
    const { stream, routes, buffer } = streamOf({ registry: knownOrders() });
    begin(stream, 200);
    routes.settle(ORDERS, stream.announcement);
    stream.onRows(insert(210, 1, 2, 3));
    stream.onCommit(212);
    statement(stream, 'TRUNCATE TABLE orders', 212);
    begin(stream, 312);
    stream.onRows(insert(400, 4));
    stream.onCommit(500);
    const records = recordsOf(buffer);
    const [truncate] = controls(records, 'truncate');
    const rows = rowsOf(records).map(({ sequence }) => sequence);
    expect([...rows.slice(0, 3), truncate?.headers['sequence'], rows[3]]).toEqual(
      // Digits only, all of one length: text order is their order.
      [...rows, truncate?.headers['sequence']].sort((a, b) => String(a).localeCompare(String(b))),
    );
  });
});

test('an XA transaction stops its table, and no other', () => {
  const { stream, buffer, journal, work } = streamOf({ registry: registryOf('orders', 'items') });
  begin(stream, 200);
  stream.onQuery(query({ database: '', sql: "XA START X'61',X'',1", start: 210, end: 220, closes: false }));
  stream.onRows(insert(300, 1));
  stream.onQuery(query({ database: '', sql: "XA PREPARE X'61',X'',1", start: 320, end: 340, closes: true }));
  begin(stream, 400);
  stream.onRows(insert(500, 2));
  stream.onCommit(520);
  expect(rowsOf(recordsOf(buffer))).toEqual([]);
  expect(journal.alerts).toMatchObject([{ class: 'xa', policy: 'pause-table', tables: ['shop.orders'] }]);
  expect([journal.isStopped('shop.orders'), journal.isStopped('shop.items')]).toEqual([true, false]);
  // It owes a snapshot from now on.
  expect(work.waiting).toEqual([{ kind: 'stopped', table: { database: 'shop', table: 'orders' } }]);
});

test('an XA transaction without a row of a captured table takes nothing back of what came before it', () => {
  const { stream, buffer, journal } = streamOf();
  begin(stream, 200);
  stream.onRows(insert(300, 1));
  stream.onCommit(320);
  statement(stream, 'TRUNCATE TABLE orders', 400);
  stream.onBegin({ gtid: null, start: 600, committedAtMicros: 1_795_252_177_716_123, serverId: 11 });
  stream.onQuery(query({ sql: "XA START X'61',X'',1", start: 610, end: 620, closes: false }));
  stream.onQuery(query({ sql: "XA PREPARE X'61',X'',1", start: 620, end: 640 }));
  const records = recordsOf(buffer);
  expect(rowsOf(records).map(({ key }) => key)).toEqual([{ id: 1 }]);
  expect(controls(records, 'truncate')).toHaveLength(PARTITIONS);
  expect(journal.alerts.filter(({ class: kind }) => kind === 'xa')).toEqual([]);
});

test('rows of an XA transaction in one phase are published, whatever its name was used for', () => {
  const { stream, buffer, journal, work } = streamOf();
  const xid = "X'61',X'',1";
  begin(stream, 200);
  stream.onQuery(query({ sql: `XA START ${xid}`, start: 210, end: 220, closes: false }));
  stream.onRows(insert(300, 1));
  stream.onQuery(query({ sql: `XA COMMIT ${xid} ONE PHASE`, start: 320, end: 340 }));
  expect(rowsOf(recordsOf(buffer)).map(({ key }) => key)).toEqual([{ id: 1 }]);
  expect([journal.alerts, work.waiting, stream.transactions]).toEqual([[], [], 1]);
});

test('rows of an XA transaction that is too long to wait for its end are not published in parts', () => {
  const { stream, buffer, journal } = streamOf();
  begin(stream, 200);
  stream.onQuery(query({ sql: "XA START X'61',X'',1", start: 210, end: 220, closes: false }));
  stream.onRows(insert(300, 1));
  stream.noteSplit();
  stream.onTableMap(ORDERS);
  stream.onRows(insert(320, 2));
  stream.onQuery(query({ sql: "XA PREPARE X'61',X'',1", start: 340, end: 360 }));
  expect(rowsOf(recordsOf(buffer))).toEqual([]);
  expect(journal.alerts).toHaveLength(1);
});

test('an XA transaction on a stopped table is told too, and its table is in doubt when it commits', () => {
  const { stream, journal, work } = streamOf();
  const xa = (xid: string, start: number): void => {
    begin(stream, start);
    stream.onQuery(query({ database: '', sql: `XA START ${xid}`, start, end: start + 10, closes: false }));
    stream.onRows(insert(start + 20, 1));
    stream.onRows(insert(start + 30, 2));
    stream.onQuery(
      query({ database: '', sql: `XA PREPARE ${xid}`, start: start + 40, end: start + 50, closes: true }),
    );
  };
  xa("X'61',X'',1", 200);
  xa("X'62',X'',1", 400);
  expect(journal.alerts.map(({ statement: sql, tables }) => [sql, tables])).toEqual([
    ["XA PREPARE X'61',X'',1", ['shop.orders']],
    ["XA PREPARE X'62',X'',1", ['shop.orders']],
  ]);
  const table = { database: 'shop', table: 'orders' };
  expect(work.take()).toEqual([{ kind: 'stopped', table }]);
  statement(stream, "XA COMMIT X'63',X'',1", 600);
  expect(work.isEmpty).toBe(true);
  statement(stream, "XA COMMIT X'62',X'',1", 800);
  expect(work.take()).toEqual([{ kind: 'xa-committed', table }]);
});
