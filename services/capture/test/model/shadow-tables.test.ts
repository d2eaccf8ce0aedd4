import { describe, expect, test } from 'vitest';
import { isShadowOf, shadowedNames } from '../../src/model/shadow-tables.ts';
import { createTableFilter } from '../../src/model/table-filter.ts';

test.each([
  ['_orders_gho', 'orders', true],
  ['_orders_ghc', 'orders', true],
  ['_orders_del', 'orders', true],
  ['_orders_20261121090534_del', 'orders', true],
  ['_orders_new', 'orders', true],
  ['___orders_old', 'orders', true],
  ['__orders_gho', '_orders', true],
  ['orders_gho', 'orders', false],
  ['_orders_gho', 'order', false],
  ['_orders', 'orders', false],
  [`_${'a'.repeat(59)}_gho`, 'a'.repeat(64), true],
])('%s is the shadow of %s: %s', (shadow, table, expected) => {
  expect(isShadowOf(shadow, table)).toBe(expected);
});

test('a name alone never makes the empty name', () => {
  expect(shadowedNames('___new')).not.toContain('');
});

describe('a filter', () => {
  const filter = createTableFilter(['shop.*', 'crm.a', 'shop._kept_new'], ['shop.b']);

  test.each([
    ['shop', '_orders_gho', false],
    ['shop', '_orders_new', false],
    ['shop', '_kept_new', true],
    ['shop', 'new_orders', true],
    ['crm', '_a_gho', false],
    // Of a table that is not captured: nobody makes a shadow of it for us.
    ['shop', '_b_old', true],
  ])('captures %s.%s: %s', (database, table, expected) => {
    expect(filter.captures(database, table)).toBe(expected);
  });

  test('knows a shadow by its database too', () => {
    const of = (database: string) => ({ database, table: 'orders' });
    expect(filter.isShadowOf({ database: 'shop', table: '_orders_gho' }, of('shop'))).toBe(true);
    expect(filter.isShadowOf({ database: 'crm', table: '_orders_gho' }, of('shop'))).toBe(false);
  });
});
