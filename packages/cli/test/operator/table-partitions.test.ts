import { expect, test } from 'vitest';
import { unlookedOf } from '../../src/operator/table-partitions.ts';

const place = (partition: number) => ({ topic: 'p.shop.orders', partition });
const all = [0, 1, 2, 3, 4].map(place);

test('a table is looked at when each of its partitions is, and the first others are named', () => {
  expect(unlookedOf(all, [...all, { topic: 'p.shop.items', partition: 0 }])).toBeNull();
  expect(unlookedOf([], [])).toBeNull();
  expect(unlookedOf(all, all.slice(1))).toMatch(
    /^no process has looked at p\.shop\.orders\/0: .*give the order again$/u,
  );
  expect(unlookedOf(all, [])).toContain('p.shop.orders/0, p.shop.orders/1, p.shop.orders/2 and 2 more: ');
});

test('partitions that are not known are not looked at', () => {
  expect(unlookedOf('Kafka does not tell', [])).toBe('Kafka does not tell');
});
