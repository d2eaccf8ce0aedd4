import { SeededRandom } from '@sluice/seeded-random';
import { expect, test } from 'vitest';
import { LiveKeys } from '../src/live-keys.ts';
import { LOAD_MARK, whyRefused } from '../src/load-database.ts';
import { createShopValues } from '../src/shop-values.ts';
import { LOAD_SHAPES, planTransaction } from '../src/transaction-plan.ts';

const OWN = 'made by sluice load';

test('a database is given to a load when it is marked, and every table in it was made by a load', () => {
  expect(whyRefused('bench', new Map([[LOAD_MARK, '']]))).toBeNull();
  expect(
    whyRefused(
      'bench',
      new Map([
        [LOAD_MARK, ''],
        ['orders', OWN],
      ]),
    ),
  ).toBeNull();
  expect(
    whyRefused(
      'bench',
      new Map([
        [LOAD_MARK, ''],
        ['orders', OWN],
        ['invoices', ''],
      ]),
    ),
  ).toContain('(invoices)');
  expect(whyRefused('bench', new Map())).toContain(`CREATE TABLE \`bench\`.${LOAD_MARK}`);
});

test('a shop of somebody else is refused although it is marked, and is told no statement that would mark it', () => {
  const shop = new Map([
    ['orders', ''],
    ['customers', 'of the shop'],
    ['notes', ''],
  ]);
  expect(whyRefused('shop', new Map([...shop, [LOAD_MARK, '']]))).toContain('(orders, customers, notes)');
  expect(whyRefused('shop', shop)).toContain('take a database of its own');
  expect(whyRefused('shop', shop)).not.toContain('CREATE TABLE');
});

test.each(LOAD_SHAPES)('transactions of the shape %s', (shape) => {
  const keys = new LiveKeys({ customers: 2000, products: 600, orders: 3000, notes: 600 }, 0, 1);
  const shop = { random: new SeededRandom(1), values: createShopValues(1), keys };
  const rows = Array.from({ length: 300 }, (_, at) => planTransaction(shop, at, 50, false, shape).rows);
  const [least, most] = { mixed: [1, 50], small: [1, 5], large: [21, 50] }[shape];
  expect(rows.every((count) => count >= (least ?? 0) && count <= (most ?? 0))).toBe(true);
  expect(new Set(rows).size).toBeGreaterThan(3);
});
