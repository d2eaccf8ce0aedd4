import { SeededRandom } from '@sluice/seeded-random';
import { expect, test } from 'vitest';
import { LiveKeys } from '../src/live-keys.ts';
import { LOAD_MARK, whyRefused } from '../src/load-database.ts';
import { createShopValues } from '../src/shop-values.ts';
import { LOAD_SHAPES, planTransaction } from '../src/transaction-plan.ts';

test('a database is given to a load when it is marked, and nothing of anybody else is in it', () => {
  expect(whyRefused('bench', new Set([LOAD_MARK]))).toBeNull();
  expect(whyRefused('bench', new Set([LOAD_MARK, 'orders', 'notes']))).toBeNull();
  expect(whyRefused('bench', new Set())).toContain('is not marked');
  expect(whyRefused('shop', new Set(['orders', 'customers']))).toContain(
    `CREATE TABLE \`shop\`.${LOAD_MARK}`,
  );
  expect(whyRefused('bench', new Set([LOAD_MARK, 'invoices']))).toContain('none of it (invoices)');
});

test.each(LOAD_SHAPES)('transactions of the shape %s', (shape) => {
  const keys = new LiveKeys({ customers: 2000, products: 600, orders: 3000, notes: 600 }, 0, 1);
  const shop = { random: new SeededRandom(1), values: createShopValues(1), keys };
  const rows = Array.from({ length: 300 }, (_, at) => planTransaction(shop, at, 50, false, shape).rows);
  const [least, most] = { mixed: [1, 50], small: [1, 5], large: [21, 50] }[shape];
  expect(rows.every((count) => count >= (least ?? 0) && count <= (most ?? 0))).toBe(true);
  expect(new Set(rows).size).toBeGreaterThan(3);
});
