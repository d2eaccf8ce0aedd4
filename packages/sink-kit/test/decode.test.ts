import { TopicRouting } from '@sluice/envelope';
import { RecordSeals, SEAL_HEADER } from '@sluice/kafka';
import { describe, expect, test } from 'vitest';
import { decodeBatch } from '../src/decode.ts';
import type { Delivery } from '../src/sink.ts';
import { itemRow, sequenceAt, TestTopic } from '../src/testing/index.ts';
import { batchOf, routing, topic } from './fixtures.ts';

const row = topic.row({ operation: 'INSERT', sequence: sequenceAt(1), row: itemRow(1, 1) });
const decodeValue = (value: string) => {
  const batch = batchOf([row]);
  const records = [{ ...batch.records[0]!, value: Buffer.from(value) }];
  return [...decodeBatch({ ...batch, records }, routing, null)][0];
};

test('a row becomes a delivery with its place, key, envelope and bytes', () => {
  const [entry] = decodeBatch(batchOf([row], 7n), routing, null);
  expect(entry).toMatchObject({
    kind: 'row',
    next: 8n,
    delivery: { topic: topic.topic, partition: 0, offset: 7n, key: '{"id":1}', envelope: row.envelope },
  });
});

test.each([
  ['{"schema":{"version":2,"type":"row","table":1},"payload":{}}', 'RECORD_UNKNOWN_MAJOR'],
  ['{"schema":{"version":1,"type":"row","table":1},"payload":{}}', 'RECORD_INVALID'],
  ['not json', 'RECORD_INVALID'],
  ['[[[[[[[[[[]]]]]]]]]]', 'RECORD_INVALID'],
  ['', 'RECORD_INVALID'],
])('%s is a record error', (value, code) => {
  expect(decodeValue(value)).toMatchObject({ kind: 'poison', error: { code, errorClass: 'record' } });
});

test('a row of another table than the topic is refused', () => {
  const other = new TestTopic({ database: 'x', table: 'y', columns: [], keyColumns: ['id'] });
  const stray = other.row({ operation: 'INSERT', sequence: sequenceAt(1), row: { id: 1 } });
  expect([...decodeBatch(batchOf([stray]), routing, null)]).toMatchObject([
    { kind: 'poison', error: { code: 'RECORD_INVALID' } },
  ]);
});

describe('in a topic of several tables', () => {
  const database = 'shop';
  const shared = new TopicRouting({ prefix: 'test', strategy: 'database' });
  const [orders, lines] = ['orders', 'lines'].map(
    (table) => new TestTopic({ database, table, columns: [], keyColumns: ['id'], strategy: 'database' }),
  ) as [TestTopic, TestTopic];
  const insert = (of: TestTopic, id: number) =>
    of.row({ operation: 'INSERT', sequence: sequenceAt(1), row: { id } });
  const batch = (...deliveries: readonly Delivery[]) => ({ ...batchOf(deliveries), topic: 'test.shop' });

  test('a row is known in its table by its key columns, in the topic by its record key', () => {
    const rows = [insert(orders, 1), insert(lines, 1), insert(orders, 2)];
    expect([...decodeBatch(batch(...rows), shared, null)]).toMatchObject([
      { kind: 'row', delivery: { key: '{"$table":"orders","id":1}', rowKey: '{"id":1}' } },
      { kind: 'row', delivery: { key: '{"$table":"lines","id":1}', rowKey: '{"id":1}' } },
      { kind: 'row', delivery: { key: '{"$table":"orders","id":2}', rowKey: '{"id":2}' } },
    ]);
    expect([...decodeBatch(batch(lines.truncate(sequenceAt(3))), shared, null)]).toMatchObject([
      { kind: 'control', delivery: { key: '{"$sluice":"truncate","$table":"lines"}' } },
    ]);
  });

  test('a key that names no table, or another one, is a record error', () => {
    const strays = [
      { ...insert(orders, 1), key: '{"id":1}' },
      { ...insert(orders, 1), key: '{"$table":"lines","id":1}' },
    ];
    const error = { code: 'RECORD_INVALID', message: 'the key of the record does not name its table' };
    expect([...decodeBatch(batch(...strays), shared, null)]).toMatchObject([{ error }, { error }]);
  });
});

test('an order without the seal of its place is poison where seals are required; a row needs none', () => {
  const seals = new RecordSeals([Buffer.alloc(32, 1)], true);
  const order = topic.truncate(sequenceAt(3));
  const value = Buffer.from(order.value);
  const place = { topic: order.topic, partition: order.partition, key: Buffer.from(order.key), value };
  const told = (seal: string | null) => {
    const headers = seal === null ? {} : { [SEAL_HEADER]: Buffer.from(seal) };
    const batch = batchOf([order]);
    const records = batch.records.map((record) => ({ ...record, headers }));
    return [...decodeBatch({ ...batch, records }, routing, seals)][0];
  };
  const refused = { kind: 'poison', error: { code: 'RECORD_UNSEALED' } };
  expect(told(null)).toMatchObject(refused);
  expect(told(seals.seal({ ...place, partition: 7 }))).toMatchObject(refused);
  expect(told(seals.seal(place))).toMatchObject({ kind: 'control' });
  expect([...decodeBatch(batchOf([row], 7n), routing, seals)][0]).toMatchObject({ kind: 'row' });
});
