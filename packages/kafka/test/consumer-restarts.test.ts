import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ConsumerRestarts } from '../src/consumer-restarts.ts';

const CRASH = new Error('a rebalance');

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function waited(restarts: ConsumerRestarts): Promise<number> {
  const begun = Date.now();
  const restarting = restarts.mayRestart(CRASH);
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
  const restarting = restarts.mayRestart(CRASH);
  stopping.abort();
  expect(await restarting).toBe(false);
  expect(await restarts.mayRestart(CRASH)).toBe(false);
});

test('one whose request was not answered gives way to a new one, which may begin at another broker', async () => {
  const restarts = new ConsumerRestarts(new AbortController().signal);
  const timeout = Object.assign(new Error('Request Metadata timed out'), {
    name: 'KafkaJSRequestTimeoutError',
  });
  const tried = new Error(timeout.message, { cause: timeout });
  expect(await restarts.mayRestart(tried)).toBe(false);
  expect(await restarts.mayRestart(timeout)).toBe(false);
});
