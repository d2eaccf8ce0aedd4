import { expect, test } from 'vitest';
import { coalesce } from '../src/coalesce.ts';
import type { Delivery, Outcome } from '../src/sink.ts';
import { inMemorySink, itemRow, sequenceAt } from '../src/testing/index.ts';
import { batchOf, failure, testWorker, topic } from './fixtures.ts';

const never = new AbortController().signal;
const update = (id: number, step: number) =>
  topic.row({ operation: 'UPDATE', sequence: sequenceAt(step), row: itemRow(id, step) });

/** A store that keeps offsets: all of a batch or nothing, with the offset after its last delivery. */
function transactionalSink(refuses: (delivery: Delivery) => boolean) {
  const log: { readonly stored: bigint; readonly sequences: readonly string[] }[] = [];
  const offsets = {
    read: async () => null,
    topicId: async () => null,
    keepTopicId: async () => undefined,
    advance: async (_t: string, _p: number, stored: bigint) => void log.push({ stored, sequences: [] }),
    set: async () => undefined,
  };
  const write = async (batch: readonly Delivery[]): Promise<readonly Outcome[]> => {
    if (batch.some(refuses)) return batch.map(() => ({ kind: 'failed', error: failure('RECORD_INVALID') }));
    const stored = batch.reduce((next, { offset }) => (offset >= next ? offset + 1n : next), 0n);
    log.push({ stored, sequences: batch.map(({ envelope }) => envelope.payload.sequence) });
    return batch.map(() => ({ kind: 'applied' }));
  };
  return { log, sink: { ...inMemorySink(), offsets, write } };
}

test('an offset is never stored past a row whose newer one may still be refused', async () => {
  const refused = sequenceAt(30);
  const { sink, log } = transactionalSink(({ envelope }) => envelope.payload.sequence === refused);
  const { worker, sent } = testWorker(sink, { quickRetries: 0 });
  const batch = batchOf([update(1, 10), update(2, 11), update(3, 12), update(1, 30), update(4, 31)]);
  expect(await worker.handle(batch, never)).toEqual({ nextOffset: 5n, pause: null });
  expect(sent.map(({ record }) => record.offset)).toEqual([3n]);
  const done = new Set<string>();
  for (const { stored, sequences } of log) {
    for (const sequence of sequences) done.add(sequence);
    const below = [10, 11, 12, 30, 31].slice(0, Number(stored)).map((step) => sequenceAt(step));
    expect(below.filter((sequence) => sequence !== refused && !done.has(sequence))).toEqual([]);
  }
  expect(log.at(-1)?.stored).toBe(5n);
});

test('of equal sequences a snapshot row wins over a stream row, wherever it stands', () => {
  const tie = sequenceAt(10);
  const streamed = { ...topic.row({ operation: 'UPDATE', sequence: tie, row: itemRow(1, 1) }), offset: 1n };
  const snapshot = { ...topic.row({ operation: 'SNAPSHOT', sequence: tie, row: itemRow(1, 2) }), offset: 2n };
  for (const order of [
    [streamed, snapshot],
    [snapshot, streamed],
  ]) {
    expect(coalesce(order).winners).toEqual([snapshot]);
  }
});
