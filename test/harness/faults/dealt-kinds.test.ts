import { SeededRandom } from '@sluice/seeded-random';
import { expect, test } from 'vitest';
import { DealtKinds } from './dealt-kinds.ts';

const KINDS = ['killed', 'paused', 'cut off', 'other', 'other'];

function dealt(seed: number, count: number): string[] {
  const kinds = new DealtKinds(KINDS, new SeededRandom(seed));
  return Array.from({ length: count }, () => kinds.next());
}

test('each kind comes as often as it was given before any comes again', () => {
  for (let seed = 0; seed < 50; seed++) {
    const two = dealt(seed, KINDS.length * 2);
    expect(two.slice(0, KINDS.length).toSorted()).toEqual(KINDS.toSorted());
    expect(two.slice(KINDS.length).toSorted()).toEqual(KINDS.toSorted());
  }
});

test('the order is that of the seed', () => {
  expect(dealt(7, 20)).toEqual(dealt(7, 20));
  const orders = new Set(Array.from({ length: 50 }, (_, seed) => dealt(seed, KINDS.length).join()));
  expect(orders.size).toBeGreaterThan(10);
});
