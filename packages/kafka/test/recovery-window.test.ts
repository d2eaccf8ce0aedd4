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
