import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { controlKey, recordKey } from '../src/keys.ts';
import { operationTopic, TopicRouting } from '../src/topic-routing.ts';

/** MySQL allows nearly everything in a name, up to 64 characters. */
const name = fc.oneof(
  fc.constantFrom('sluice', 'dlq', 'a', 'a.b', 'b', '_x002e_', 'x002e_', '_x005f_x002e_', 'ü', '订单', '😀'),
  fc.constantFrom('a b', '$a', '"', '\\', '","$table":"x', 'q', 'luice'),
  fc.string({ unit: fc.constantFrom('_', 'x', '0', '2', 'e', '.', 'a'), minLength: 1, maxLength: 12 }),
  fc.string({ minLength: 1, maxLength: 20 }),
);
const template = fc.constantFrom(
  '{database}.{table}',
  '{database}',
  '{database}.all',
  '{table}',
  'all',
  '{table}.{database}',
  'dl{table}',
  '{database}_{table}',
  'cdc-{database}.x.{table}-y',
);
const byTable = new TopicRouting({ prefix: 'p' });

describe('strategy table', () => {
  test('plain names are written as they are', () => {
    const shop = new TopicRouting({ prefix: 'shop', strategy: 'table' });
    expect(shop.topicOf('shop', 'order_lines')).toBe('shop.shop.order_lines');
    expect(new TopicRouting({ prefix: 'eu.shop' }).topicOf('Sales-2', 'T1')).toBe('eu.shop.Sales-2.T1');
    expect(byTable.topicOf('a.b', 'c d')).toBe('p.a_x002e_b.c_x0020_d');
    expect(byTable.topicOf('sluice', 'dlq')).toBe('p._x0073_luice.dlq');
    expect(byTable.topicsOf('shop', 'orders')).toEqual(['p.shop.orders']);
    expect(byTable.keyMembers('shop', 'orders')).toBe('');
  });

  test('topics of another prefix or of another routing are not ours', () => {
    const others = ['p', 'p.a', 'p.a.b.c', 'pp.a.b', 'q.a.b', 'p..b', 'p.a.', 'pxa.b', '__consumer_offsets'];
    expect(others.filter((topic) => byTable.isDataTopic(topic))).toEqual([]);
    expect(byTable.isDataTopic('p.a.b')).toBe(true);
  });

  test('a name longer than Kafka allows throws', () => {
    expect(byTable.topicOf('d'.repeat(64), 't'.repeat(64))).toHaveLength(131);
    expect(() => byTable.topicOf('ü'.repeat(64), 't')).toThrow(RangeError);
  });
});

test('strategy database: one topic, and the record key tells the table', () => {
  const routing = new TopicRouting({ prefix: 'p', strategy: 'database' });
  expect(routing.topicOf('shop', 'orders')).toBe('p.shop');
  expect(routing.topicOf('shop', 'notes')).toBe('p.shop');
  expect(routing.keyMembers('shop', 'orders')).toBe('"$table":"orders"');
  expect(routing.sourceOf('p.shop', '{"$table":"orders","id":1}')).toEqual({
    database: 'shop',
    table: 'orders',
  });
  expect(routing.sourceOf('p.shop', null)).toEqual({ database: 'shop', table: null });
  expect(routing.isDataTopic('p.shop.orders')).toBe(false);
});

test('a template that ends with the operation has a topic for each, over its tables', () => {
  const routing = new TopicRouting({ prefix: 'p', template: '{database}.all.{operation}' });
  expect([routing.splitsOperations, routing.tellsTable, routing.text]).toEqual([
    true,
    false,
    '{database}.all.{operation}',
  ]);
  const topics = ['insert', 'update', 'delete', 'snapshot'].map((operation) => `p.shop.all.${operation}`);
  expect(routing.topicsOf('shop', 'orders')).toEqual(topics);
  expect(routing.topicsOf('shop', 'lines')).toEqual(topics);
  expect(routing.keyMembers('shop', 'orders')).toBe('"$table":"orders"');
  const key = '{"$table":"orders","id":1}';
  expect(routing.sourceOf('p.shop.all.update', key)).toEqual({ database: 'shop', table: 'orders' });
  expect(routing.isDataTopic('p.shop.all')).toBe(false);
  // As the strategy of that name fills them.
  expect(new TopicRouting({ prefix: 'p', template: '{database}.{table}.{operation}' }).text).toBe(
    new TopicRouting({ prefix: 'p', strategy: 'operation' }).text,
  );
});

test('strategy operation: a topic for each operation of a table', () => {
  const routing = new TopicRouting({ prefix: 'p', strategy: 'operation' });
  const topics = ['insert', 'update', 'delete', 'snapshot'].map((operation) => `p.shop.orders.${operation}`);
  expect(routing.topicsOf('shop', 'orders')).toEqual(topics);
  expect(operationTopic(routing.topicOf('shop', 'orders'), 'SNAPSHOT')).toBe('p.shop.orders.snapshot');
  expect(topics.every((topic) => routing.isDataTopic(topic))).toBe(true);
  expect(['p.shop.orders', 'p.shop.orders.truncate'].some((topic) => routing.isDataTopic(topic))).toBe(false);
  expect(routing.keyMembers('shop', 'orders')).toBe('');
  const long = new TopicRouting({ prefix: 'p'.repeat(100), strategy: 'operation' });
  expect(() => long.topicOf('d'.repeat(64), 't'.repeat(80))).toThrow(RangeError);
});

test('a template without {database} leaves that to the record key', () => {
  const routing = new TopicRouting({ prefix: 'p', template: 'all.{table}' });
  expect(routing.topicOf('shop', 'orders')).toBe('p.all.orders');
  expect(routing.keyMembers('shop', 'orders')).toBe('"$database":"shop"');
});

describe('whatever the template', () => {
  test('a name is legal, is known again, and tells its table together with the record key', () => {
    fc.assert(
      fc.property(template, name, name, (text, database, table) => {
        const routing = new TopicRouting({ prefix: 'p', template: text });
        const topic = routing.topicOf(database, table);
        expect(topic).toMatch(/^p(?:\.[A-Za-z0-9_-]+)+$/);
        expect(topic).not.toMatch(/^p\.(?:sluice|dlq)(?:\.|$)/);
        expect(routing.isDataTopic(topic)).toBe(true);
        const members = routing.keyMembers(database, table);
        for (const key of [recordKey(members, '{"id":1}'), controlKey('truncate', members)])
          expect(routing.sourceOf(topic, key)).toEqual({ database, table });
      }),
      { numRuns: 2000 },
    );
  });

  test('two tables never have a topic and a record key in common', () => {
    fc.assert(
      fc.property(template, name, name, name, name, (text, ...names) => {
        const [database, table, otherDatabase, otherTable] = names;
        fc.pre(database !== otherDatabase || table !== otherTable);
        const routing = new TopicRouting({ prefix: 'p', template: text });
        const place = (a: string, b: string): string =>
          `${routing.topicOf(a, b)} ${recordKey(routing.keyMembers(a, b), '{"id":1}')}`;
        expect(place(database, table)).not.toBe(place(otherDatabase, otherTable));
      }),
      { numRuns: 2000 },
    );
  });
});
