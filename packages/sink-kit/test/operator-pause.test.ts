import { TopicRouting } from '@sluice/envelope';
import { expect, test } from 'vitest';
import { operatorPause } from '../src/operator-pause.ts';

test('a table pauses its topic, `*` all of them, and a table all that share its topic', () => {
  const perTable = new TopicRouting({ prefix: 'shop' });
  const orders = perTable.topicOf('shop', 'orders');
  const items = perTable.topicOf('shop', 'items');
  expect(operatorPause([], perTable, orders)).toBeNull();
  expect(operatorPause(['shop.items'], perTable, orders)).toBeNull();
  expect(operatorPause(['shop.items'], perTable, items)).toContain('shop.items');
  expect(operatorPause(['shop.items', '*'], perTable, orders)).toContain('the sink');
  const shared = new TopicRouting({ prefix: 'shop', strategy: 'database' });
  expect(operatorPause(['shop.items'], shared, shared.topicOf('shop', 'orders'))).toContain('shop.items');
});
