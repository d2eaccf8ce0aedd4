import { PipelineError } from '@sluice/runtime';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RecoveryWindow } from '../src/recovery-window.ts';

const ERROR = new PipelineError('KAFKA_UNREACHABLE', 'no answer');
const NEVER = new AbortController().signal;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('the first failure is repeated at once, the rest waits; past the bound the error is thrown', async () => {
  const window = new RecoveryWindow(10_000, NEVER);
  await window.again(ERROR);
  expect(performance.now()).toBe(0);
  let tries = 1;
  const repeat = async (): Promise<void> => {
    for (;;) {
      await window.again(ERROR);
      tries++;
    }
  };
  await Promise.all([expect(repeat()).rejects.toBe(ERROR), vi.advanceTimersByTimeAsync(12_000)]);
  expect(tries).toBeGreaterThan(10);
});

test('an aborted signal ends the waiting with its reason', async () => {
  const stop = new AbortController();
  const window = new RecoveryWindow(10_000, stop.signal);
  await window.again(ERROR);
  const waiting = window.again(ERROR);
  stop.abort(new Error('service stops'));
  await expect(waiting).rejects.toThrow('service stops');
  await expect(window.again(ERROR)).rejects.toThrow('service stops');
});

test('a broker that does not answer for 5 s is trouble, named by what was asked; an answer ends it', async () => {
  const window = new RecoveryWindow(90_000, NEVER);
  window.asking('produce to shop.orders/0 (12 bytes)');
  await vi.advanceTimersByTimeAsync(4900);
  expect(window.trouble).toBeNull();
  await vi.advanceTimersByTimeAsync(1100);
  expect(window.trouble?.error).toMatchObject({
    code: 'KAFKA_UNREACHABLE',
    message: 'produce to shop.orders/0 (12 bytes): Kafka has not answered for 6 s',
  });
  expect(window.trouble?.forMs).toBe(6000);
  window.answered();
  expect(window.trouble).toBeNull();
});

test('the third failure in a row is trouble at once, and an answer ends it', async () => {
  const window = new RecoveryWindow(90_000, NEVER);
  for (let failure = 1; failure <= 3; failure++) {
    expect(window.trouble).toBeNull();
    await Promise.all([window.again(ERROR), vi.advanceTimersByTimeAsync(1000)]);
  }
  expect(window.trouble?.error).toBe(ERROR);
  window.answered();
  expect(window.trouble).toBeNull();
});

test('a topic that is missing for more than 3 s is not waited for', async () => {
  const missing = new PipelineError('KAFKA_TOPIC_MISSING', 'shop.orders/0');
  const window = new RecoveryWindow(90_000, NEVER);
  const repeat = async (): Promise<void> => {
    for (;;) await window.again(missing);
  };
  await Promise.all([expect(repeat()).rejects.toBe(missing), vi.advanceTimersByTimeAsync(5000)]);
});
