import { expect, test } from 'vitest';
import { formerName } from '../src/former-names.ts';
import { markSql, readMark } from '../src/owner-mark.ts';

test.each([
  ['sluice: test.shop.orders', { owner: 'test.shop.orders', name: null }],
  ['sluice: test.shop.a: b of sink canary', { owner: 'test.shop.a: b of sink canary', name: null }],
  ['sluice `shop_orders`: test.shop.orders', { owner: 'test.shop.orders', name: 'shop_orders' }],
  ['sluice `a``: b`: test.shop.a', { owner: 'test.shop.a', name: 'a`: b' }],
  ['of mine', null],
  ['', null],
])('the comment %s', (comment, mark) => {
  expect(readMark(comment)).toEqual(mark);
});

test('a mark reads as it was written', () => {
  for (const name of [null, 'shop_orders', 'a`: b'])
    expect(readMark(/COMMENT '(.*)'$/.exec(markSql('`t`', { owner: 'p.shop.t', name }))?.[1] ?? '')).toEqual({
      owner: 'p.shop.t',
      name,
    });
});

const owner = 'test.shop.orders';
const marked = (...tables: readonly (readonly [string, string | null, string?])[]) => ({
  foldsCase: false,
  tables: tables.map(([table, name, of = owner]) => ({ table, mark: { owner: of, name } })),
});
const wanted = { owner, source: 'orders', name: 'shop_orders' };

test('rows under the name that another template gave are found', () => {
  expect(formerName(marked(['orders', null]), wanted)).toBe('orders');
  expect(formerName(marked(['x_orders', 'x_orders']), wanted)).toBe('x_orders');
  expect(formerName(marked(['x_orders', 'x_orders']), { ...wanted, name: 'orders' })).toBe('x_orders');
});

test('neither another’s table, nor one that a person has renamed or copied, nor any beside the present one', () => {
  expect(formerName(marked(), wanted)).toBe(null);
  expect(formerName(marked(['orders', null, 'test.crm.orders']), wanted)).toBe(null);
  expect(formerName(marked(['orders_old', null], ['kept', 'x_orders']), wanted)).toBe(null);
  expect(formerName(marked(['orders', null], ['shop_orders', 'shop_orders']), wanted)).toBe(null);
  expect(formerName(marked(['orders_old', null]), { ...wanted, name: 'orders' })).toBe(null);
});

test('where the server takes names in any letter case, so are these', () => {
  const tables = { ...marked(['orders', null]), foldsCase: true };
  const source = { owner, source: 'Orders', name: 'Shop_Orders' };
  expect(formerName(tables, source)).toBe('orders');
  expect(formerName({ ...tables, foldsCase: false }, source)).toBe(null);
  expect(formerName({ ...marked(['shop_orders', null]), foldsCase: true }, source)).toBe(null);
});
