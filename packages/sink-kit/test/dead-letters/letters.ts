import type { TopicRecord } from '@sluice/kafka';
import { conformanceTopic } from '../../src/testing/index.ts';
import type { Delivery } from '../../src/sink.ts';
import { deadLetterId, type DeadLetter } from '../../src/dead-letters/dead-letter.ts';

export const topic = conformanceTopic();

/** A letter about the record at `offset` of the test's topic that failed at `failedAtMs`. */
export function letter(offset: number, failedAtMs = 1000, rest: Partial<DeadLetter> = {}): DeadLetter {
  return {
    id: deadLetterId(topic.topic, 0, BigInt(offset)),
    topic: topic.topic,
    partition: 0,
    offset: BigInt(offset),
    table: 'shop.items',
    key: `{"id":${offset}}`,
    stage: 'apply',
    errorClass: 'record',
    sequence: '0010000020000000007',
    errorCode: 'MYSQL_VALUE_REFUSED',
    message: 'refused',
    attempts: 4,
    failedAtMs,
    place: { partition: 0, offset: BigInt(offset) },
    ...rest,
  };
}

/** The dead-letter topic's record of a delivery that failed. */
export function letterRecord(
  delivery: Delivery,
  headers: Readonly<Record<string, string>> = {},
): TopicRecord {
  const all = {
    topic: delivery.topic,
    partition: String(delivery.partition),
    offset: String(delivery.offset),
    failed_at: '1795252177716',
    stage: 'apply',
    version: delivery.envelope.payload.sequence,
    attempts: '4',
    'error.class': 'record',
    'error.code': 'REDIS_WRONG_TYPE',
    'error.message': 'the key contains a value that is not a row',
    ...headers,
  };
  return {
    topic: 'test.dlq.redis',
    partition: 2,
    offset: 7n,
    timestamp: 5,
    key: Buffer.from(delivery.key),
    value: Buffer.from(delivery.value),
    headers: new Map(Object.entries(all).map(([name, value]) => [`cdc.dlq.${name}`, Buffer.from(value)])),
  };
}
