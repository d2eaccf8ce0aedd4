import { decodeDdlRecord, type DdlRecord } from '@sluice/envelope';
import { describe, expect, test } from 'vitest';
import { controls, recordsOf } from '../support/buffer-records.ts';
import {
  begin,
  PARTITIONS,
  POLICIES,
  knownOrders,
  statement,
  streamOf,
  type StreamSetup,
} from '../support/streams.ts';

/** The records of the DDL topic, as short as a reader wants them. */
function reports({ buffer }: StreamSetup): unknown[] {
  return recordsOf(buffer)
    .filter(({ topic }) => topic === 'p.sluice.ddl')
    .map(({ value }) => (decodeDdlRecord(Buffer.from(value ?? '')) as DdlRecord).payload)
    .map(({ class: kind, policy, tables, shadow }) => [
      kind,
      policy,
      tables.join(' '),
      shadow ? 'shadow' : '',
    ]);
}

function seen(...statements: readonly string[]): StreamSetup {
  const setup = streamOf();
  begin(setup.stream, 100);
  setup.stream.onCommit(190);
  for (const [index, sql] of statements.entries()) statement(setup.stream, sql, 200 + index * 200);
  return setup;
}

test.each<[string, unknown[]]>([
  ['ALTER TABLE orders ADD x INT', ['additive', 'apply', 'shop.orders', '']],
  ['ALTER TABLE orders DROP COLUMN v', ['breaking', 'alert', 'shop.orders', '']],
  ['TRUNCATE orders', ['truncate', 'apply', 'shop.orders', '']],
  ['DROP TABLE orders, crm.other', ['drop', 'alert', 'shop.orders', '']],
  ['DROP DATABASE shop', ['drop', 'alert', 'shop.orders', '']],
  ['RENAME TABLE orders TO crm.orders', ['rename', 'alert', 'shop.orders', '']],
  ['CREATE TABLE lines (id INT PRIMARY KEY)', ['additive', 'apply', 'shop.lines', '']],
])('%s', (sql, expected) => {
  expect(reports(seen(sql))).toEqual([expected]);
});

test.each([
  'ALTER TABLE crm.other ADD x INT',
  'ALTER TABLE orders ADD INDEX (v)',
  "CREATE USER 'a'@'%' IDENTIFIED BY 'hunter2'",
  'CREATE TRIGGER a AFTER INSERT ON orders FOR EACH ROW SET @a = 1',
  'DROP VIEW orders_view',
])('%s: nothing to tell', (sql) => {
  expect(reports(seen(sql))).toEqual([]);
});

describe('an online schema change', () => {
  const ghost = [
    'create /* gh-ost */ table `shop`.`_orders_gho` like `shop`.`orders`',
    'alter /* gh-ost */ table `shop`.`_orders_gho` drop column v',
    'rename /* gh-ost */ table shop.orders to shop._orders_del, shop._orders_gho to shop.orders',
    'drop /* gh-ost */ table if exists `shop`.`_orders_del`',
  ];

  test('is one change, of the class of what was done to the copy', () => {
    expect(reports(seen(...ghost))).toEqual([
      ['additive', 'apply', 'shop._orders_gho', 'shadow'],
      ['breaking', 'apply', 'shop._orders_gho', 'shadow'],
      ['breaking', 'alert', 'shop.orders', ''],
    ]);
  });

  test('names what was done', () => {
    const { journal } = seen(...ghost);
    expect(journal.alerts.map((alert) => alert.statement)).toEqual([
      'create table `shop`.`_orders_gho` like `shop`.`orders`; alter table `shop`.`_orders_gho` drop column v; rename table shop.orders to shop._orders_del, shop._orders_gho to shop.orders',
    ]);
  });

  test('whose beginning nobody has seen is breaking', () => {
    expect(reports(seen(ghost[2] ?? ''))).toEqual([['breaking', 'alert', 'shop.orders', '']]);
  });
});

test('a statement read again is not told again', () => {
  const resume = { publishedThrough: { fileNumber: 2, offset: 250 }, highest: '0010000020000000250' };
  const setup = streamOf({ resume });
  statement(setup.stream, 'CREATE TABLE lines (id INT PRIMARY KEY)', 200);
  expect(reports(setup)).toEqual([]);
});

test('a policy goes with the control record', () => {
  const setup = streamOf({ policies: { ...POLICIES, truncate: 'pause-table' } });
  begin(setup.stream, 100);
  setup.stream.onCommit(190);
  statement(setup.stream, 'TRUNCATE orders', 200);
  const controls = recordsOf(setup.buffer).filter(({ key }) => key === '{"$sluice":"truncate"}');
  expect(
    controls.map(({ value }) => (JSON.parse(value ?? '') as { payload: { policy?: string } }).payload.policy),
  ).toEqual(controls.map(() => 'pause-table'));
  expect(controls.length).toBeGreaterThan(0);
});

test.each([
  ['alert', 0],
  ['apply', 1],
] as const)(
  'a table that is gone without a statement is told, and its rows go by the policy %s',
  (drop, times) => {
    const setup = streamOf({ registry: knownOrders(), policies: { ...POLICIES, drop } });
    setup.stream.tellVanished({ database: 'shop', table: 'orders' });
    const records = recordsOf(setup.buffer);
    expect(controls(records, 'truncate')).toHaveLength(times * PARTITIONS);
    expect(controls(records, 'schema')).toHaveLength(PARTITIONS);
    expect(setup.journal.alerts).toMatchObject([{ class: 'drop', policy: 'alert', unseen: true }]);
    expect(setup.journal.alerts[0]?.advice).toContain(
      drop === 'apply' ? 'have deleted' : 'stay in the stores',
    );
  },
);

test('many tables are told of in records that Kafka takes', () => {
  const setup = streamOf();
  const tables = Array.from({ length: 2500 }, (_, index) => ({
    database: 'shop',
    table: `${'表'.repeat(60)}${index}`,
  }));
  setup.ddl.reportRows('DO', tables, setup.stream.announcement());
  const records = recordsOf(setup.buffer).filter(({ topic }) => topic === 'p.sluice.ddl');
  expect(records).toHaveLength(25);
  for (const { key, value } of records) expect(Buffer.byteLength(`${key}${value}`)).toBeLessThan(100_000);
  const { alerts } = setup.journal;
  expect(alerts.flatMap((alert) => alert.tables)).toEqual(tables.map(({ table }) => `shop.${table}`));
});
