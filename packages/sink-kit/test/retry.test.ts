import { expect, test } from 'vitest';
import { planRetry } from '../src/retry.ts';

const backoff = { initialMs: 100, maxMs: 60_000 };

test('short waits are spent in place, long ones pause, none is over the bound', () => {
  const plans = [0, 3, 4, 9, 10, 1000].map((attempt) => planRetry(attempt, backoff, () => 0.999));
  expect(plans.map(({ kind }) => kind)).toEqual(['wait', 'wait', 'pause', 'pause', 'pause', 'pause']);
  expect(plans[0]?.ms).toBe(99);
  expect(plans.at(-1)?.ms).toBe(59_940);
});

test('jitter is full: a wait may be nothing', () => {
  expect(planRetry(50, backoff, () => 0)).toEqual({ kind: 'wait', ms: 0 });
});
