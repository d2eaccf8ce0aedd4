import { expect, test } from 'vitest';
import { TableNames } from '../../src/stream/table-names.ts';

const ORDERS = { database: 'shop', table: 'orders' };
const LINES = { database: 'shop', table: 'lines' };

test('a table that is made if it is missing is new when its name was given up', () => {
  const names = new TableNames();
  expect(names.create(ORDERS, false)).toBe(false);
  names.take(LINES);
  expect([names.hasLost(LINES), names.create(LINES, false), names.hasLost(LINES)]).toEqual([
    true,
    true,
    false,
  ]);
  expect([names.wasCreated(ORDERS), names.wasCreated(LINES)]).toEqual([false, true]);
});

test('the stream has all rows of a table that it saw being made, until a statement may have brought others', () => {
  const names = new TableNames();
  names.create(ORDERS, true);
  names.alter(LINES);
  expect([names.wasCreated(ORDERS), names.wasCreated(LINES)]).toEqual([true, false]);
  names.alter(ORDERS);
  expect(names.wasCreated(ORDERS)).toBe(false);
  expect(names.created).toEqual([ORDERS]);
});

test('a name that is lost is no made table, one that another table has got is not lost', () => {
  const names = new TableNames();
  names.create(ORDERS, true);
  names.take(ORDERS);
  expect([names.wasCreated(ORDERS), names.created]).toEqual([false, []]);
  names.give(ORDERS);
  expect(names.hasLost(ORDERS)).toBe(false);
});
