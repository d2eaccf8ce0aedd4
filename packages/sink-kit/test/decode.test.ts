import { expect, test } from 'vitest';
import { decodeBatch } from '../src/decode.ts';
import { itemRow, sequenceAt, TestTopic } from '../src/testing/index.ts';
import { batchOf, topic } from './fixtures.ts';

const row = topic.row({ operation: 'INSERT', sequence: sequenceAt(1), row: itemRow(1, 1) });
const decodeValue = (value: string) => {
  const batch = batchOf([row]);
  return decodeBatch({ ...batch, records: [{ ...batch.records[0]!, value: Buffer.from(value) }] }, 'test')[0];
};

test('a row becomes a delivery with its place, key, envelope and bytes', () => {
  const [entry] = decodeBatch(batchOf([row], 7n), 'test');
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
  expect(decodeBatch(batchOf([stray]), 'test')).toMatchObject([
    { kind: 'poison', error: { code: 'RECORD_INVALID' } },
  ]);
});
