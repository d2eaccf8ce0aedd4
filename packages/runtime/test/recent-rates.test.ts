import { expect, test } from 'vitest';
import { RecentRates } from '../src/recent-rates.ts';

test('so many a second: of the whole life of a young process, then of the last minute', () => {
  let nowMs = 5_000_400;
  const rates = new RecentRates(() => nowMs);
  expect(rates.perSecond).toBe(0);
  rates.add(100, 100);
  expect(rates.perSecond).toBe(100);
  nowMs += 10_000;
  rates.add(100, 100);
  expect(rates.perSecond).toBe(20);
  nowMs += 52_000;
  expect(rates.perSecond).toBeCloseTo(100 / 59.4, 10);
  nowMs += 8_000;
  expect(rates.perSecond).toBe(0);
});

test('a steady stream is told as steady, at any moment', () => {
  let nowMs = 1_234_567;
  const rates = new RecentRates(() => nowMs);
  for (let step = 0; step < 4000; step += 1) {
    nowMs += 50;
    rates.add(7, 5);
    if (step > 100) expect(rates.perSecond / 100).toBeCloseTo(1, 1);
  }
});

test('errors are a share of all that was handled within five minutes', () => {
  let nowMs = 0;
  const rates = new RecentRates(() => nowMs);
  expect(rates.errorRate).toBe(0);
  rates.error();
  expect(rates.errorRate).toBe(1);
  rates.add(99, 1);
  expect(rates.errorRate).toBe(0.01);
  nowMs = 299_000;
  expect(rates.errorRate).toBe(0.01);
  nowMs = 301_000;
  rates.add(10, 10);
  expect(rates.errorRate).toBe(0);
});
