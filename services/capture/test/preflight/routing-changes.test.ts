import { TopicRouting, type TopicSettings } from '@sluice/envelope';
import { expect, test } from 'vitest';
import { findRoutingChanges } from '../../src/preflight/routing-changes.ts';
import type { SchemaHistoryRecord } from '../../src/catalog/schema-history-record.ts';
import { TableRegistry } from '../../src/catalog/table-registry.ts';
import { NO_SHAPING, PublicationCompiler } from '../../src/transform/publication-compiler.ts';

const record = (table: string, routing?: string): SchemaHistoryRecord => ({
  database: 'shop',
  table,
  version: 1,
  columns: [],
  keyColumns: ['id'],
  sequence: '0010000020000000700',
  ...(routing === undefined ? {} : { routing }),
});

function changesOf(topics: Omit<TopicSettings, 'prefix'>, ...history: readonly SchemaHistoryRecord[]) {
  return changesWith(topics, NO_SHAPING, ...history);
}

function changesWith(
  topics: Omit<TopicSettings, 'prefix'>,
  compiler: PublicationCompiler,
  ...history: readonly SchemaHistoryRecord[]
) {
  const registry = new TableRegistry(new TopicRouting({ prefix: 'p', ...topics }), compiler);
  for (const each of history) registry.restore(each);
  const tables = ['orders', 'lines', 'new'].map((table) => ({ database: 'shop', table }));
  return findRoutingChanges(tables, registry).map(({ found }) => found);
}

test('topics of the same naming go on, however it is written', () => {
  expect(changesOf({}, record('orders'))).toEqual([]);
  expect(changesOf({ template: '{database}.{table}' }, record('orders'))).toEqual([]);
  expect(changesOf({ strategy: 'database' }, record('orders', '{database}'))).toEqual([]);
  expect(changesOf({ strategy: 'database' })).toEqual([]);
});

test('another strategy or template than that of a captured table is refused, once', () => {
  expect(changesOf({ strategy: 'database' }, record('orders'), record('lines'))).toEqual([
    'topics named {database}, while shop.orders and 1 other table(s) went to {database}.{table}',
  ]);
  expect(changesOf({}, record('orders', '{database}'))).toEqual([
    'topics named {database}.{table}, while shop.orders went to {database}',
  ]);
  expect(changesOf({ strategy: 'operation' }, record('orders'))).toHaveLength(1);
  expect(changesOf({ strategy: 'database' }, record('dropped'))).toEqual([]);
});

test('the newest version of a table says where it went', () => {
  expect(changesOf({}, record('orders', '{database}'), { ...record('orders'), version: 2 })).toEqual([]);
});

test('partitions by other columns than those of before are refused, and by the same they go on', () => {
  const by = (...columns: string[]): PublicationCompiler =>
    new PublicationCompiler({ 'shop.l*': { columns: {}, partitionBy: columns } }, null);
  const keyed = (routing?: string) => ({ ...record('lines', routing), keyColumns: ['order_id', 'n'] });
  const byOrder = '{database}.{table} by ["order_id"]';
  expect(changesWith({}, by('ORDER_ID'), keyed(byOrder), record('orders'))).toEqual([]);
  expect(changesWith({}, by('order_id'), keyed())).toEqual([
    `topics named ${byOrder}, while shop.lines went to {database}.{table}`,
  ]);
  expect(changesWith({}, by('n'), keyed(byOrder))).toHaveLength(1);
  expect(changesOf({}, keyed(byOrder))).toHaveLength(1);
  // Of settings that cannot be applied the check of the schema tells.
  expect(changesWith({}, by('label'), keyed(byOrder))).toEqual([]);
  expect(changesWith({ template: '{database}.all' }, by('label'), keyed(byOrder))).toHaveLength(1);
});
