import { expect, test } from 'vitest';
import { ddlChange } from '../../src/ddl/ddl-change.ts';
import { nameChanges } from '../../src/ddl/name-changes.ts';
import { recordsOf } from '../support/buffer-records.ts';
import { begin, POLICIES, statement, streamOf } from '../support/streams.ts';

const lost = (database: string): { database: string; table: string }[] => [
  { database, table: 'orders' },
  { database, table: 'lines' },
];

test.each([
  ['DROP TABLE orders, crm.a', ['shop.orders drop gone', 'crm.a drop gone']],
  ['DROP DATABASE shop', ['shop.orders drop gone', 'shop.lines drop gone']],
  ['RENAME TABLE orders TO sold', ['shop.orders rename gone', 'shop.sold rename']],
  [
    'RENAME TABLE orders TO t, lines TO orders, t TO lines',
    ['shop.orders rename', 'shop.t rename gone', 'shop.lines rename'],
  ],
  ['ALTER TABLE orders RENAME TO sold, ADD x INT', ['shop.orders rename gone', 'shop.sold rename']],
  ['ALTER TABLE orders ADD x INT', []],
])('%s', (sql, expected) => {
  const found = nameChanges(ddlChange(sql, 'shop'), lost);
  expect(
    found.map(({ table, change, isGone }) =>
      `${table.database}.${table.table} ${change}${isGone ? ' gone' : ''}`.trim(),
    ),
  ).toEqual(expected);
});

/** What the topic of `orders` tells after a row and the statement. */
function told(sql: string, policy: 'apply' | 'alert' | 'pause-table'): unknown[] {
  const { stream, buffer } = streamOf({ policies: { ...POLICIES, drop: policy, rename: policy } });
  begin(stream, 100);
  stream.onCommit(190);
  statement(stream, sql, 200);
  return recordsOf(buffer)
    .filter(({ topic, partition }) => topic === 'p.shop.orders' && partition === 0)
    .map(({ value }) => JSON.parse(value ?? '') as { schema: { type: string }; payload: object })
    .map(({ schema: { type }, payload }) => [
      type,
      ...('change' in payload ? [payload.change] : []),
      ...('policy' in payload ? [payload.policy] : []),
    ])
    .slice(1);
}

test('sinks hear that a name is gone, and by `apply` delete its rows', () => {
  expect(told('DROP TABLE orders', 'alert')).toEqual([['schema', 'drop', 'alert']]);
  expect(told('DROP TABLE orders', 'apply')).toEqual([['schema', 'drop'], ['truncate']]);
  expect(told('DROP TABLE orders', 'pause-table')).toEqual([['schema', 'drop', 'pause-table'], ['truncate']]);
  expect(told('RENAME TABLE orders TO sold', 'apply')).toEqual([['schema', 'rename'], ['truncate']]);
});

test('a name that has other rows now keeps them until they are read', () => {
  expect(told('RENAME TABLE orders TO t, lines TO orders, t TO lines', 'pause-table')).toEqual([
    ['schema', 'rename', 'pause-table'],
  ]);
});

test('the swap of an online schema change is told by its columns alone', () => {
  expect(told('RENAME TABLE orders TO _orders_del, _orders_gho TO orders', 'pause-table')).toEqual([]);
});
