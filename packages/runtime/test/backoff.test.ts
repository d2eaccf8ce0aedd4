import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fullJitter } from '../src/backoff.ts';

const options = { initialMs: 100, maxMs: 60_000 };

test('the bound doubles with each attempt and stops at the maximum', () => {
  const bounds = [0, 1, 2, 9, 10, 2000].map((attempt) => fullJitter(attempt, options, () => 1));
  expect(bounds).toEqual([100, 200, 400, 51_200, 60_000, 60_000]);
});

test('the wait is a whole number within the bound, down to nothing', () => {
  expect(fullJitter(3, options, () => 0)).toBe(0);
  fc.assert(
    fc.property(
      fc.nat(5000),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempt, random) => {
        const wait = fullJitter(attempt, options, () => random);
        return Number.isInteger(wait) && wait >= 0 && wait <= options.maxMs;
      },
    ),
  );
});
