import { expect, test } from 'vitest';
import { toDeadLetterRecord } from '../src/dead-letter-record.ts';
import { itemRow, sequenceAt } from '../src/testing/index.ts';
import { failure, recordOf, topic } from './fixtures.ts';

const record = recordOf(topic.row({ operation: 'INSERT', sequence: sequenceAt(5), row: itemRow(1, 1) }), 7n);
const source = {
  sink: 'redis',
  group: 'shop.redis',
  topic: topic.topic,
  partition: 2,
  record,
  stage: 'apply',
  error: failure('RECORD_INVALID'),
  attempts: 4,
  firstFailedAtMs: 1_795_252_170_000,
  failedAtMs: 1_795_252_177_716,
} as const;

test('key and value are the original bytes', () => {
  const letter = toDeadLetterRecord({ ...source, record: { ...record, value: Buffer.from([0xff, 0x00]) } });
  expect(letter.key).toBe(record.key);
  expect(letter.value).toEqual(Buffer.from([0xff, 0x00]));
});

test('headers say where it failed and why, by our names and by those of Kafka Connect', () => {
  const { headers } = toDeadLetterRecord(source);
  expect(headers).toMatchObject({
    sequence: Buffer.from(sequenceAt(5)),
    'cdc.dlq.sink': 'redis',
    'cdc.dlq.topic': topic.topic,
    'cdc.dlq.partition': '2',
    'cdc.dlq.offset': '7',
    'cdc.dlq.timestamp': '1000',
    'cdc.dlq.stage': 'apply',
    'cdc.dlq.error.class': 'record',
    'cdc.dlq.error.code': 'RECORD_INVALID',
    'cdc.dlq.attempts': '4',
    'cdc.dlq.first_failed_at': '1795252170000',
    'cdc.dlq.failed_at': '1795252177716',
    'cdc.dlq.event_id': `${topic.topic}-2-7`,
    'cdc.dlq.version': sequenceAt(5),
    '__connect.errors.topic': topic.topic,
    '__connect.errors.partition': '2',
    '__connect.errors.offset': '7',
    '__connect.errors.stage': 'TASK_PUT',
    '__connect.errors.exception.class.name': 'RECORD_INVALID',
  });
});

test('an original header of our name is kept under another, and a long message is cut', () => {
  const headers = { 'cdc.dlq.sink': Buffer.from('theirs') };
  const error = Object.assign(failure('RECORD_INVALID'), { message: 'x'.repeat(5000) });
  const letter = toDeadLetterRecord({ ...source, record: { ...record, headers }, error });
  expect(letter.headers['orig.cdc.dlq.sink']).toEqual(Buffer.from('theirs'));
  expect(letter.headers['cdc.dlq.sink']).toBe('redis');
  expect(String(letter.headers['cdc.dlq.error.message'])).toHaveLength(1024);
});
