import { expect, test } from 'vitest';
import { median, medianOf, quantile, rounded } from './statistics.ts';

test('a quantile is the nearest rank: a value that was measured', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect([0, 0.5, 0.95, 0.99, 1].map((q) => quantile(hundred, q))).toEqual([1, 50, 95, 99, 100]);
  expect(quantile([7], 0.99)).toBe(7);
  expect(quantile([], 0.5)).toBeNaN();
});

test('the median of an even number is the lower of the two in the middle', () => {
  expect(median([4, 1, 3, 2])).toBe(2);
  expect(median([9, 1, 5])).toBe(5);
});

test('the median of results is taken field by field', () => {
  const results = [
    { rows: 1, seconds: 30 },
    { rows: 3, seconds: 10 },
    { rows: 2, seconds: 20 },
  ];
  expect(medianOf(results)).toEqual({ rows: 2, seconds: 20 });
  expect(() => medianOf([])).toThrow('no results');
});

test('figures are rounded to significant digits', () => {
  expect([rounded(12_345), rounded(0.012_345), rounded(1.305)]).toEqual([12_300, 0.0123, 1.3]);
});
