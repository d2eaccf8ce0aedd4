import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PauseReason } from '@sluice/ops-api';
import { Pauses } from '../src/pauses.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function pauses(): {
  subject: Pauses;
  resumed: number[];
  add: (partition: number, reason: PauseReason, ms: number | null) => void;
} {
  const resumed: number[] = [];
  const subject = new Pauses(({ partition }) => void resumed.push(partition));
  const add = (partition: number, reason: PauseReason, ms: number | null): void =>
    subject.add({ topic: 't', partition, reason, since: 0, detail: '' }, ms);
  return { subject, resumed, add };
}

test('a pause ends by its time', () => {
  const { subject, resumed, add } = pauses();
  add(1, 'retry', 500);
  vi.advanceTimersByTime(499);
  expect(resumed).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(resumed).toEqual([1]);
  expect(subject.size).toBe(0);
});

test('what waits for the breaker is woken by it: one as the probe, then all', () => {
  const { subject, resumed, add } = pauses();
  for (const partition of [1, 2, 3]) add(partition, 'breaker', null);
  add(4, 'schema', 1e6);
  expect(subject.counts()).toEqual(
    new Map([
      ['breaker', 3],
      ['schema', 1],
    ]),
  );
  expect(subject.wakeOne('breaker')).toBe(true);
  expect(resumed).toEqual([1]);
  subject.wakeAll('breaker');
  expect(resumed).toEqual([1, 2, 3]);
  expect(subject.wakeOne('breaker')).toBe(false);
});

test('a new assignment forgets every pause', () => {
  const { subject, resumed, add } = pauses();
  add(1, 'retry', 500);
  subject.clear();
  vi.advanceTimersByTime(1000);
  expect(resumed).toEqual([]);
});
