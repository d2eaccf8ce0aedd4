import { expect, test } from 'vitest';
import { Pace } from '../src/pace.ts';

/** How many transactions are due at once at that time, and from which on. */
function dueAtOnce(pace: Pace, from: number, now: number): number {
  let count = 0;
  while (pace.waitMs(from + count, now) <= 0) count += 1;
  return count;
}

test('a writer that stood still catches up with all of it, a load with one second of it', () => {
  const all = new Pace(100, 0, Number.POSITIVE_INFINITY);
  expect(dueAtOnce(all, 0, 0)).toBe(1);
  expect(dueAtOnce(all, 1, 30_000)).toBe(300);
  const load = new Pace(100, 0, 1000);
  expect(dueAtOnce(load, 0, 0)).toBe(1);
  expect(dueAtOnce(load, 1, 30_000)).toBe(11);
  expect(load.waitMs(12, 30_000)).toBe(100);
});
