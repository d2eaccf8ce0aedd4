import { expect, test } from 'vitest';
import { FlushLimits } from '../../src/stream/flush-limits.ts';

const LIMITS = { flushRows: 10, flushBytes: 1000 };
const ENOUGH_INPUT = 64 * 1024;

test('an open transaction is split at four times the limit only', () => {
  const limits = new FlushLimits(LIMITS);
  expect([9, 10].map((rows) => limits.isFull({ rows }, false))).toEqual([false, true]);
  expect([39, 40].map((rows) => limits.isFull({ rows }, true))).toEqual([false, true]);
});

test('bytes are added up after some input, and forgotten with the buffer', () => {
  const limits = new FlushLimits(LIMITS);
  const buffer = { rows: 1, bytes: 1000 };
  limits.note(ENOUGH_INPUT - 1, buffer, false);
  expect(limits.isFull(buffer, false)).toBe(false);
  limits.note(1, buffer, false);
  expect(limits.isFull(buffer, false)).toBe(true);
  limits.flushed();
  expect(limits.isFull(buffer, false)).toBe(false);
  limits.note(ENOUGH_INPUT, { rows: 1, bytes: 3999 }, true);
  expect(limits.isFull(buffer, true)).toBe(false);
  limits.note(ENOUGH_INPUT, { rows: 1, bytes: 4000 }, true);
  expect(limits.isFull(buffer, true)).toBe(true);
});

test('between transactions the buffer is asked itself', () => {
  const limits = new FlushLimits(LIMITS);
  expect(limits.isFullNow({ rows: 9, bytes: 999 })).toBe(false);
  expect(limits.isFullNow({ rows: 10, bytes: 0 })).toBe(true);
  expect(limits.isFullNow({ rows: 0, bytes: 1000 })).toBe(true);
});
