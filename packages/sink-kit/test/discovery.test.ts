import { TopicRouting } from '@sluice/envelope';
import { expect, test } from 'vitest';
import { selectTopics, TopicChanges } from '../src/discovery.ts';

const routing = new TopicRouting({ prefix: 'shop' });

const idsOf = (names: readonly string[]): Map<string, string> =>
  new Map(names.map((name) => [name, `id of ${name}`]));

test('data topics of the prefix and its heartbeats, once there is a table', () => {
  const existing = [
    'shop.sluice.heartbeat',
    'shop.sluice.checkpoints',
    'shop.dlq.redis',
    'other.shop.orders',
  ];
  expect(selectTopics(existing, 'shop', routing)).toEqual([]);
  expect(selectTopics([...existing, 'shop.shop.orders'], 'shop', routing)).toEqual([
    'shop.shop.orders',
    'shop.sluice.heartbeat',
  ]);
});

test('the first list is taken at once, a longer one when it has settled', () => {
  const changes = new TopicChanges();
  expect(changes.observe(idsOf([]))).toBeNull();
  expect(changes.observe(idsOf(['a']))).toEqual(['a']);
  expect(changes.observe(idsOf(['a']))).toBeNull();
  expect(changes.observe(idsOf(['a', 'b']))).toBeNull();
  expect(changes.observe(idsOf(['a', 'b', 'c']))).toBeNull();
  expect(changes.observe(idsOf(['a', 'b', 'c']))).toEqual(['a', 'b', 'c']);
  expect(changes.observe(idsOf(['a', 'b', 'c']))).toBeNull();
});

test('a topic that was made again is another one', () => {
  const changes = new TopicChanges();
  expect(changes.observe(idsOf(['a', 'b']))).toEqual(['a', 'b']);
  const again = new Map([...idsOf(['a', 'b']), ['b', 'another']]);
  expect(changes.observe(again)).toBeNull();
  expect(changes.observe(again)).toEqual(['a', 'b']);
  expect(changes.observe(again)).toBeNull();
});
