import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { abortableDelay, settlesWithin, whenAborted } from '../src/delay.ts';

test('resolves after its time and leaves no listener on the signal', async () => {
  const { signal } = new AbortController();
  await abortableDelay(1, signal);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('an abort ends the wait at once, with the reason of the signal', async () => {
  const controller = new AbortController();
  const wait = abortableDelay(60_000, controller.signal);
  const reason = new Error('rebalance');
  controller.abort(reason);
  await expect(wait).rejects.toBe(reason);
  await expect(abortableDelay(60_000, controller.signal)).rejects.toBe(reason);
});

test('a signal has one listener however much waits for it, and none when nothing does', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const called: number[] = [];
  const forget = Array.from({ length: 20 }, (_, number) => whenAborted(signal, () => called.push(number)));
  const waits = Array.from({ length: 20 }, () => abortableDelay(60_000, signal));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  for (const one of forget.slice(1, 19)) one();
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  controller.abort(new Error('stop'));
  const settled = await Promise.allSettled(waits);
  expect([called, settled.map(({ status }) => status)]).toEqual([[0, 19], waits.map(() => 'rejected')]);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  whenAborted(signal, () => called.push(99));
  expect(called).toEqual([0, 19, 99]);
});

test('work that ends in time has settled, whichever way; other work is not waited for', async () => {
  expect(await settlesWithin(60_000, Promise.resolve())).toBe(true);
  expect(await settlesWithin(60_000, Promise.reject(new Error('in vain')))).toBe(true);
  expect(await settlesWithin(1, new Promise(() => undefined))).toBe(false);
});
