import { TopicRouting } from '@sluice/envelope';
import { expect, test } from 'vitest';
import { selectTopics, TopicChanges } from '../src/discovery.ts';

const routing = new TopicRouting({ prefix: 'shop' });

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
  expect(changes.observe([])).toBeNull();
  expect(changes.observe(['a'])).toEqual(['a']);
  expect(changes.observe(['a'])).toBeNull();
  expect(changes.observe(['a', 'b'])).toBeNull();
  expect(changes.observe(['a', 'b', 'c'])).toBeNull();
  expect(changes.observe(['a', 'b', 'c'])).toEqual(['a', 'b', 'c']);
  expect(changes.observe(['a', 'b', 'c'])).toBeNull();
});
