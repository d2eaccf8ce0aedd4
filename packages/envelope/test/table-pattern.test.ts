import { expect, test } from 'vitest';
import { tableId, tablePattern } from '../src/index.ts';

test.each([
  ['shop.*', 'shop', 'orders', true],
  ['shop.*', 'shop', 'o.rders', true],
  ['shop.*', 'shop.b', 'orders', false],
  ['shop.*', 'shop2', 'orders', false],
  ['shop?b.*', 'shop.b', 'orders', true],
  ['*.b', 'shop', 'a.b', false],
  ['*.b', 'shop.a', 'b', true],
  ['a.b', 'a', 'xb', false],
  ['a.b+c', 'a', 'b+c', true],
  ['crm.cust?mers', 'crm', 'custmers', false],
  ['crm.cust?mers', 'crm', 'cust😀mers', true],
  ['crm.line*', 'crm', 'line\nbreak', true],
  ['`shop.b`.*', 'shop.b', 'orders', true],
  ['`shop.b`.*', 'shop', 'b.orders', false],
  ['q`uote.t', 'q`uote', 't', true],
  ['nodot', 'nodot', '', false],
])('%s: %s and %s: %s', (pattern, database, table, fits) => {
  expect(tablePattern(pattern)(database, table)).toBe(fits);
});

test.each([
  ['shop', 'orders'],
  ['a.b', 'c'],
  ['a', 'b.c'],
  ['q`', '.'],
])('the id of %s and %s is a pattern for it', (database, table) => {
  expect(tablePattern(tableId(database, table))(database, table)).toBe(true);
});
