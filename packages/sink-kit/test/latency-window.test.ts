import { expect, test } from 'vitest';
import { LatencyWindow } from '../src/latency-window.ts';

test('quantiles are of the last minute', () => {
  const window = new LatencyWindow();
  expect(window.quantiles(0)).toBeNull();
  window.add([1e6], 0);
  window.add(
    Array.from({ length: 100 }, (_, index) => index + 1),
    70_000,
  );
  expect(window.quantiles(70_000)).toEqual({ p50: 51, p99: 100, samples: 100 });
});

test('only the newest samples are kept', () => {
  const window = new LatencyWindow();
  window.add(
    Array.from({ length: 10_000 }, () => 5),
    0,
  );
  expect(window.quantiles(1)?.samples).toBe(4096);
});
