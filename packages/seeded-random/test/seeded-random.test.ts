import { expect, test } from 'vitest';
import { SeededRandom } from '../src/index.ts';

test('a seed means the same choices in every version: seeds that were printed stay good', () => {
  const random = new SeededRandom(42);
  expect([random.next(), random.next(), random.next()].map((each) => each * 2 ** 32)).toEqual([
    2581720956, 1925393290, 3661312704,
  ]);
});

test('every whole number of a range is drawn, both ends included, and no other', () => {
  const random = new SeededRandom(1);
  const drawn = Array.from({ length: 500 }, () => random.integer(-2, 2));
  expect(new Set(drawn)).toEqual(new Set([-2, -1, 0, 1, 2]));
});

test('choices come from the list, bytes have their length, and nothing is picked from nothing', () => {
  const random = new SeededRandom(7);
  const picked = Array.from({ length: 100 }, () => random.pick(['a', 'b']));
  expect(new Set(picked)).toEqual(new Set(['a', 'b']));
  expect(random.bytes(5)).toHaveLength(5);
  expect(() => random.pick([])).toThrow(new RangeError('nothing to pick from'));
});
