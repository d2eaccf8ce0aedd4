import { expect, test, vi } from 'vitest';
import { Flusher, type Published } from '../../src/encode/flusher.ts';
import type { PublishBuffer } from '../../src/encode/publish-buffer.ts';

interface Trial {
  readonly flusher: Flusher;
  readonly settled: Published[];
  readonly cleared: () => number;
  readonly buffer: PublishBuffer;
  readonly answer: PromiseWithResolvers<void>;
}

function trial(): Trial {
  const answer = Promise.withResolvers<void>();
  const settled: Published[] = [];
  const clear = vi.fn();
  const buffer = { rows: 3, bytes: 99, batches: [], clear } as unknown as PublishBuffer;
  const publisher = { publish: () => answer.promise };
  const flusher = new Flusher(publisher, new AbortController().signal, (each) => settled.push(each));
  return { flusher, settled, cleared: () => clear.mock.calls.length, buffer, answer };
}

test('says since when it waits for Kafka, until it has settled', async () => {
  const { flusher, settled, cleared, buffer, answer } = trial();
  expect(flusher.busySince).toBeNull();
  const before = Date.now();
  flusher.begin(buffer, () => undefined);
  expect(flusher.busySince).toBeGreaterThanOrEqual(before);
  expect([settled.length, cleared()]).toEqual([0, 0]);
  answer.resolve();
  await flusher.settle();
  expect(flusher.busySince).toBeNull();
  expect(settled).toMatchObject([{ rows: 3, bytes: 99 }]);
  expect(cleared()).toBe(1);
});

test('one that has failed stays so, and keeps its buffer', async () => {
  const { flusher, settled, cleared, buffer, answer } = trial();
  const failures: unknown[] = [];
  flusher.begin(buffer, (error) => failures.push(error));
  answer.reject(new Error('fenced'));
  await expect(flusher.settle()).rejects.toThrow('fenced');
  expect(failures).toHaveLength(1);
  expect(flusher.busySince).not.toBeNull();
  expect([settled.length, cleared()]).toEqual([0, 0]);
});
