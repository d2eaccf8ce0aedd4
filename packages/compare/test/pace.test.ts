import { expect, test } from 'vitest';
import { Pace } from '../src/running/pace.ts';

test('a reader is held back to its rate, and can be stopped', async () => {
  const stop = new AbortController();
  const pace = new Pace(10_000, stop.signal);
  const startedAt = performance.now();
  for (let page = 0; page < 3; page++) await pace.took(500);
  // Timers of Node may be early by a millisecond.
  expect(performance.now() - startedAt).toBeGreaterThan(145);
  const waiting = pace.took(1_000_000);
  stop.abort();
  await expect(waiting).rejects.toThrow('abort');
});
