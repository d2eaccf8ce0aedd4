import { expect, test } from 'vitest';
import { checkSummary, isEqual } from '../src/check-summary.ts';
import type { Comparison, SinkComparison } from '@sluice/compare';

const counts = (changed: Partial<SinkComparison> = {}): SinkComparison => ({
  compared: 10,
  different: 0,
  missing: 0,
  extra: 0,
  examples: [],
  ...changed,
});
const SINKS = ['redis', 'elasticsearch', 'mysql'];
const comparison = (mysql: SinkComparison): Comparison => ({
  rows: 10,
  sinks: { redis: counts(), elasticsearch: counts(), mysql },
});

test('equal only when every sink was compared and nothing differs', () => {
  expect(isEqual(comparison(counts()), SINKS)).toBe(true);
  for (const changed of [{ different: 1 }, { missing: 1 }, { extra: 1 }, { compared: 0 }]) {
    expect(isEqual(comparison(counts(changed)), SINKS)).toBe(false);
  }
  expect(isEqual({ rows: 10, sinks: { redis: counts(), mysql: counts() } }, SINKS)).toBe(false);
});

test('the last line of a check', () => {
  const zero = { compared: 10, different: 0, missing: 0, extra: 0 };
  expect(JSON.stringify(checkSummary(comparison(counts({ missing: 2 })), 20_000, 61.5))).toBe(
    JSON.stringify({
      rows: 10,
      changes: 20_000,
      redis: zero,
      elasticsearch: zero,
      mysql: { ...zero, missing: 2 },
      seconds: 61.5,
    }),
  );
});
