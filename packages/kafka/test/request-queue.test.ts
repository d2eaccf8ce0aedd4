import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { calmRequestQueues, KafkajsRequestQueue } from '../src/request-queue.ts';

const options = { maxInFlightRequests: 0, requestTimeout: 1000, clientId: 'test', broker: 'b:9092' };

beforeEach(() => {
  vi.useFakeTimers();
  calmRequestQueues();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a connection without waiting requests sets no timer', () => {
  new KafkajsRequestQueue(options).checkPendingRequests();
  expect(vi.getTimerCount()).toBe(0);
});

test('one with a request that must wait looks again', () => {
  const queue = new KafkajsRequestQueue(options);
  queue.pending.push({});
  queue.checkPendingRequests();
  expect(vi.getTimerCount()).toBe(1);
});
