import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KeyPool, LiveKeys } from '../src/live-keys.ts';
import { SeededRandom } from '@sluice/seeded-random';
import { createShopValues } from '../src/shop-values.ts';
import { planTransaction } from '../src/transaction-plan.ts';
import type { TransactionPlan } from '../src/transaction-plan.ts';

const SIZES = { customers: 200, products: 60, orders: 300, notes: 60 };
const VALUES = createShopValues(1);

function plans(seed: number, count: number, most = 50, writer = 0): TransactionPlan[] {
  const shop = { random: new SeededRandom(seed), values: VALUES, keys: new LiveKeys(SIZES, writer, 2) };
  return Array.from({ length: count }, (_, number) => planTransaction(shop, number, most, writer === 0));
}

describe('planTransaction', () => {
  test('the same seed gives the same statements, another seed others', () => {
    expect(plans(7, 200)).toEqual(plans(7, 200));
    expect(plans(7, 20)).not.toEqual(plans(8, 20));
  });

  test('1 to 50 rows, the sum of its changes, never more than asked for', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 50 }), (seed, most) => {
        for (const plan of plans(seed, 60, most)) {
          expect(plan.rows).toBeGreaterThanOrEqual(1);
          expect(plan.rows).toBeLessThanOrEqual(most);
          expect(plan.changes.reduce((sum, change) => sum + change.rows, 0)).toBe(plan.rows);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('every kind of change comes up: inserts, updates, deletes, changes of keys, a truncate', () => {
    const sql = plans(3, 500).flatMap((plan) => [
      ...(plan.truncate === null ? [] : [plan.truncate]),
      ...plan.changes.map((change) => change.sql),
    ]);
    for (const kind of [
      /^INSERT INTO order_lines/,
      /^UPDATE orders/,
      /^DELETE FROM notes/,
      /^UPDATE notes SET `code`/,
      /^UPDATE order_lines SET `line`/,
      /^UPDATE products SET sku = @left/,
      /^TRUNCATE TABLE exchange_rates/,
    ]) {
      expect(sql).toContainEqual(expect.stringMatching(kind));
    }
  });

  test('only one writer empties the rates, and the tables keep their size', () => {
    expect(plans(3, 500, 50, 1).some((plan) => plan.truncate !== null)).toBe(false);
    const keys = new LiveKeys(SIZES, 0, 1);
    const shop = { random: new SeededRandom(5), values: VALUES, keys };
    for (let number = 0; number < 5000; number += 1) planTransaction(shop, number, 50, false);
    for (const [pool, size] of [
      [keys.customers, SIZES.customers],
      [keys.orders, SIZES.orders],
      [keys.notes, SIZES.notes],
    ] as const) {
      expect(pool.size).toBeGreaterThan(size * 0.4);
      expect(pool.size).toBeLessThan(size * 2 + 40);
    }
  });
});

test('writers own all first keys, each key once', () => {
  const owned = [0, 1, 2].map((writer) => new LiveKeys(SIZES, writer, 3).orders.size);
  expect(owned.reduce((sum, size) => sum + size, 0)).toBe(SIZES.orders);
  const fresh = [0, 1, 2].flatMap((writer) => {
    const keys = new LiveKeys(SIZES, writer, 3);
    return Array.from({ length: 100 }, () => keys.fresh());
  });
  expect(new Set(fresh).size).toBe(300);
});

test('a pool picks different keys that are in it', () => {
  const pool = new KeyPool<number>(10);
  for (let key = 0; key < 10; key += 1) pool.add(key);
  pool.remove(3);
  const picked = pool.pickSome(new SeededRandom(1), 9);
  expect(new Set(picked).size).toBe(picked.length);
  expect(picked).not.toContain(3);
  expect(() => pool.add(4)).toThrow();
  expect(() => pool.remove(3)).toThrow();
});
