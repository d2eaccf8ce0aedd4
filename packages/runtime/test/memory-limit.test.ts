import { totalmem } from 'node:os';
import { expect, test } from 'vitest';
import { memoryLimitBytes } from '../src/memory-limit.ts';

test.each<[string, number, number]>([
  ['a limit of the container', 512, 512],
  ['none is known', 0, 4096],
  ['no limit: the largest number there is', 2 ** 64, 4096],
  ['the old way of no limit', 9_223_372_036_854_771_712, 4096],
])('%s', (_, constrained, expected) => {
  expect(memoryLimitBytes(constrained, 4096)).toBe(expected);
});

test('of this process: something, and not more than the machine has', () => {
  expect(memoryLimitBytes()).toBeGreaterThan(1_000_000);
  expect(memoryLimitBytes()).toBeLessThanOrEqual(totalmem());
});
