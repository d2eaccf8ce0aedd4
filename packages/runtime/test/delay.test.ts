import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { abortableDelay } from '../src/delay.ts';

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
