import { TopicRouting } from '@sluice/envelope';
import { expect, test } from 'vitest';
import { selectTopics, TopicChanges } from '../src/discovery.ts';
import { TableSelection } from '../src/table-selection.ts';

const routing = new TopicRouting({ prefix: 'shop' });
const all = new TableSelection({}, ['shop.*']);

const idsOf = (names: readonly string[]): Map<string, string> =>
  new Map(names.map((name) => [name, `id of ${name}`]));

test('data topics of the prefix and its heartbeats, once there is a table', () => {
  const existing = [
    'shop.sluice.heartbeat',
    'shop.sluice.checkpoints',
    'shop.dlq.redis',
    'other.shop.orders',
  ];
  expect(selectTopics(existing, 'shop', routing, all)).toEqual([]);
  expect(selectTopics([...existing, 'shop.shop.orders'], 'shop', routing, all)).toEqual([
    'shop.shop.orders',
    'shop.sluice.heartbeat',
  ]);
});

test('only topics that may have a table which the sink takes', () => {
  const users = new TableSelection({ tables: ['shop.users', 'crm.*'], excludeTables: ['crm.log'] }, ['*.*']);
  const existing = [
    'shop.shop.users',
    'shop.shop.orders',
    'shop.crm.log',
    'shop.crm.a',
    'shop.sluice.heartbeat',
  ];
  expect(selectTopics(existing, 'shop', routing, users)).toEqual([
    'shop.crm.a',
    'shop.shop.users',
    'shop.sluice.heartbeat',
  ]);
  const byDatabase = new TopicRouting({ prefix: 'shop', strategy: 'database' });
  expect(selectTopics(['shop.shop', 'shop.crm', 'shop.mail'], 'shop', byDatabase, users)).toEqual([
    'shop.crm',
    'shop.shop',
  ]);
  const inOne = new TopicRouting({ prefix: 'shop', template: 'all' });
  expect(selectTopics(['shop.all'], 'shop', inOne, users)).toEqual(['shop.all']);
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
