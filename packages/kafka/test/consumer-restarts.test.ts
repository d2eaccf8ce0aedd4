import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ConsumerRestarts } from '../src/consumer-restarts.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function waited(restarts: ConsumerRestarts): Promise<number> {
  const begun = Date.now();
  const restarting = restarts.mayRestart();
  await vi.runAllTimersAsync();
  expect(await restarting).toBe(true);
  return Date.now() - begun;
}

test('a consumer that crashes again and again starts ever later, and soon again once it had joined', async () => {
  const restarts = new ConsumerRestarts(new AbortController().signal, () => 0.999_999);
  const waits: number[] = [];
  for (let crash = 0; crash < 8; crash++) waits.push(await waited(restarts));
  expect(waits).toEqual([99, 199, 399, 799, 1599, 3199, 4999, 4999]);
  restarts.joined();
  expect(await waited(restarts)).toBe(99);
});

test('a consumer that is to stop does not wait, and does not start', async () => {
  const stopping = new AbortController();
  const restarts = new ConsumerRestarts(stopping.signal, () => 0.999_999);
  const restarting = restarts.mayRestart();
  stopping.abort();
  expect(await restarting).toBe(false);
  expect(await restarts.mayRestart()).toBe(false);
});
