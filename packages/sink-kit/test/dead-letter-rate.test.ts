import { expect, test } from 'vitest';
import { DeadLetterRateGuard } from '../src/dead-letter-rate.ts';

const limits = { records: 100, ratio: 0.05 };
const admitted = (guard: DeadLetterRateGuard, tries: number, nowMs: number): number =>
  Array.from({ length: tries }, () => guard.admit(nowMs)).filter(Boolean).length;

test('the first bad row of a quiet table is no mass diversion', () => {
  const guard = new DeadLetterRateGuard(limits);
  guard.handled(1, 0);
  expect(guard.admit(0)).toBe(true);
});

test('a hundred within a minute pass, the next does not', () => {
  expect(admitted(new DeadLetterRateGuard(limits), 150, 5000)).toBe(100);
});

test('a minute later there is room again', () => {
  const guard = new DeadLetterRateGuard(limits);
  expect(admitted(guard, 100, 5000)).toBe(100);
  expect(guard.admit(64_000)).toBe(false);
  expect(guard.admit(65_000)).toBe(true);
});

test('those of the minute before a restart count', () => {
  const guard = new DeadLetterRateGuard(limits);
  guard.restore([...Array.from({ length: 40 }, () => 30_000), ...Array.from({ length: 30 }, () => 1000)]);
  expect(admitted(guard, 150, 59_000)).toBe(30);
  const later = new DeadLetterRateGuard(limits);
  later.restore(Array.from({ length: 70 }, (_, index) => 1000 + index));
  expect(admitted(later, 150, 62_000)).toBe(100);
});

test('from a thousand records on, one in twenty passes', () => {
  const guard = new DeadLetterRateGuard(limits);
  guard.handled(999, 0);
  expect(admitted(guard, 60, 0)).toBe(60);
  const counted = new DeadLetterRateGuard(limits);
  counted.handled(1000, 0);
  expect(admitted(counted, 60, 0)).toBe(50);
});
