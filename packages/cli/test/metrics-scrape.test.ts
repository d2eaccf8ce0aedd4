import { describe, expect, test } from 'vitest';
import {
  bucketsOf,
  bucketsSince,
  parseMetrics,
  quantile,
  ratePerSecond,
  sumOf,
} from '../src/metrics-scrape.ts';

const PAGE = `# HELP rows_total Rows.
# TYPE rows_total counter
rows_total{table="a",text="quote \\" slash \\\\ line \\n, {brace}"} 5
rows_total{table="b"} 7.5 1700000000000
up 1
nothing NaN
latency_bucket{le="0.1",sink="x"} 4
latency_bucket{le="1",sink="x"} 8
latency_bucket{le="+Inf",sink="x"} 10

not a sample at all
`;

describe('parseMetrics', () => {
  const samples = parseMetrics(PAGE);

  test('reads names, labels with escapes, values, and nothing else', () => {
    expect(samples.slice(0, 3)).toEqual([
      { name: 'rows_total', labels: { table: 'a', text: 'quote " slash \\ line \n, {brace}' }, value: 5 },
      { name: 'rows_total', labels: { table: 'b' }, value: 7.5 },
      { name: 'up', labels: {}, value: 1 },
    ]);
    expect(samples).toHaveLength(7);
  });

  test('sums the series that have the labels', () => {
    expect(sumOf(samples, 'rows_total')).toBe(12.5);
    expect(sumOf(samples, 'rows_total', { table: 'b' })).toBe(7.5);
    expect(sumOf(samples, 'rows_total', { table: 'c' })).toBeUndefined();
  });

  test('reads a histogram', () => {
    expect([...bucketsOf(samples, 'latency')]).toEqual([
      [0.1, 4],
      [1, 8],
      [Infinity, 10],
    ]);
  });
});

describe('ratePerSecond', () => {
  test('growth, and growth from 0 after a restart', () => {
    expect(ratePerSecond(150, 100, 10)).toBe(5);
    expect(ratePerSecond(30, 100, 10)).toBe(3);
    expect(ratePerSecond(30, 10, 0)).toBe(0);
  });
});

describe('quantile', () => {
  const buckets = new Map([
    [0.1, 50],
    [1, 90],
    [Infinity, 100],
  ]);

  test('is linear within a bucket', () => {
    expect(quantile(0.25, buckets)).toBeCloseTo(0.05);
    expect(quantile(0.5, buckets)).toBeCloseTo(0.1);
    expect(quantile(0.7, buckets)).toBeCloseTo(0.55);
  });

  test('is the last bound when it lies above', () => {
    expect(quantile(0.99, buckets)).toBe(1);
  });

  test('is unknown without observations', () => {
    expect(quantile(0.5, new Map())).toBeUndefined();
    expect(quantile(0.5, new Map([[1, 0]]))).toBeUndefined();
  });

  test('of a window, and of everything after a restart', () => {
    const later = new Map([
      [0.1, 50],
      [1, 190],
      [Infinity, 200],
    ]);
    expect([...bucketsSince(later, buckets)]).toEqual([
      [0.1, 0],
      [1, 100],
      [Infinity, 100],
    ]);
    expect(bucketsSince(buckets, later)).toBe(buckets);
  });
});
