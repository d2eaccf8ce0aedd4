import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  checkpointsTopic,
  ddlTopic,
  deadLetterTopic,
  heartbeatTopic,
  isDataTopic,
  parseTopicName,
  schemaHistoryTopic,
  topicName,
} from '../src/topics.ts';

/** MySQL allows nearly everything in a name, up to 64 characters. */
const name = fc.oneof(
  fc.constantFrom(
    'sluice',
    'dlq',
    'a',
    'a.b',
    'b',
    '_x002e_',
    'x002e_',
    '_x005f_x002e_',
    'ü',
    '订单',
    '😀',
    'a b',
    '$a',
  ),
  fc.string({ unit: fc.constantFrom('_', 'x', '0', '2', 'e', '.', 'a'), minLength: 1, maxLength: 12 }),
  fc.string({ minLength: 1, maxLength: 20 }),
);

test('plain names are written as they are', () => {
  expect(topicName('shop', 'shop', 'order_lines')).toBe('shop.shop.order_lines');
  expect(topicName('eu.shop', 'Sales-2', 'T1')).toBe('eu.shop.Sales-2.T1');
  expect(topicName('p', 'a.b', 'c d')).toBe('p.a_x002e_b.c_x0020_d');
});

test('every table has a topic of its own, in characters that Kafka allows, and is read back from it', () => {
  fc.assert(
    fc.property(name, name, (database, table) => {
      const topic = topicName('p', database, table);
      expect(topic).toMatch(/^p\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/);
      expect(parseTopicName('p', topic)).toEqual({ database, table });
    }),
    { numRuns: 2000 },
  );
});

test('internal topics are never data topics, also beside databases of the same name', () => {
  const internal = [
    checkpointsTopic('p'),
    schemaHistoryTopic('p'),
    ddlTopic('p'),
    heartbeatTopic('p'),
    deadLetterTopic('p', 'redis'),
  ];
  expect(internal).toEqual([
    'p.sluice.checkpoints',
    'p.sluice.schema-history',
    'p.sluice.ddl',
    'p.sluice.heartbeat',
    'p.dlq.redis',
  ]);
  expect(internal.filter((topic) => isDataTopic('p', topic))).toEqual([]);
  expect(internal).not.toContain(topicName('p', 'sluice', 'checkpoints'));
  expect(internal).not.toContain(topicName('p', 'dlq', 'redis'));
});

test('topics of another prefix are not ours', () => {
  const others = ['p', 'p.a', 'p.a.b.c', 'pp.a.b', 'q.a.b', 'p..b', 'p.a.', '__consumer_offsets'];
  expect(others.filter((topic) => isDataTopic('p', topic))).toEqual([]);
  expect(isDataTopic('p', 'p.a.b')).toBe(true);
});

test('a name longer than Kafka allows throws', () => {
  expect(topicName('p', 'd'.repeat(64), 't'.repeat(64))).toHaveLength(131);
  expect(() => topicName('p', 'ü'.repeat(64), 't')).toThrow(RangeError);
});
