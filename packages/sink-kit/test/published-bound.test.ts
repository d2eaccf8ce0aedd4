import { formatSequence } from '@sluice/envelope';
import type { TopicRecord } from '@sluice/kafka';
import { describe, expect, test } from 'vitest';
import { decodeBatch } from '../src/decode.ts';
import { PartitionWorker } from '../src/partition-worker.ts';
import { PublishedBound } from '../src/published-bound.ts';
import { replayOne } from '../src/replay-one.ts';
import { inMemorySink, itemRow } from '../src/testing/index.ts';
import { batchOf, testWorker, topic } from './fixtures.ts';

const where = { topic: topic.topic, partition: 0 };
const never = new AbortController().signal;

/** A checkpoint topic: its newest record is the last that was given to `write`. */
function checkpoints() {
  const written: TopicRecord[] = [];
  let reads = 0;
  const newestRecord = async (): Promise<TopicRecord | null> => {
    reads++;
    return written.at(-1) ?? null;
  };
  const put = (value: Buffer): void => {
    const place = { topic: 'test.sluice.checkpoints', partition: 0, offset: BigInt(written.length) };
    written.push({ ...place, timestamp: 0, key: Buffer.from('test'), value, headers: new Map() });
  };
  const write = (generation: number, file: number, offset: number): void => {
    const highest = formatSequence(generation, file, offset);
    const checkpoint = { generation, file: `binlog.${String(file).padStart(6, '0')}`, highest };
    put(Buffer.from(JSON.stringify({ checkpoint, checksum: '' })));
  };
  return { bound: new PublishedBound({ newestRecord }, 'test', 'test'), put, write, reads: () => reads };
}

function row(generation: number, file: number, id: number) {
  const sequence = formatSequence(generation, file, 5);
  return topic.row({ operation: 'INSERT', sequence, row: itemRow(id, 1) });
}

const at = (generation: number, file: number) => ({
  offset: 0n,
  sequence: formatSequence(generation, file, 5),
  isOrder: false,
});

describe('a record ahead of the checkpoints', () => {
  test.each([
    ['of the last generation', 921, 1],
    ['of the next generation', 2, 1],
    ['of a file that is far', 1, 999_999],
  ])('%s becomes a dead letter, and what follows is applied', async (_name, generation, file) => {
    const sink = inMemorySink();
    const { context, sent } = testWorker(sink);
    const { bound, write } = checkpoints();
    const worker = new PartitionWorker(where, { ...context, published: bound });
    write(1, 1, 5);
    const batch = batchOf([row(1, 1, 1), row(generation, file, 2), row(1, 1, 3)]);
    expect(await worker.handle(batch, never)).toMatchObject({ nextOffset: 1n, pause: { reason: 'retry' } });
    expect(await worker.handle(batch, never), 'no newer checkpoint').toMatchObject({ nextOffset: 1n });
    write(1, 1, 6);
    expect(await worker.handle(batch, never)).toMatchObject({ nextOffset: 3n, pause: null });
    expect(sent.map(({ record, error }) => [record.offset, error.code])).toEqual([[1n, 'RECORD_AHEAD']]);
    expect(sent[0]?.record.headers['sequence'], 'the headers of the record').toBeDefined();
    expect(new Set(sink.writes.flat())).toEqual(new Set([row(1, 1, 1).key, row(1, 1, 3).key]));
  });

  test.each([
    ['an order to empty the table', (sequence: string) => topic.truncate(sequence)],
    ['a schema', (sequence: string) => topic.schema(sequence)],
  ])('%s becomes one however near it is; a row of the same place is applied', async (_name, order) => {
    const sink = inMemorySink();
    const { context, sent } = testWorker(sink);
    const { bound, write } = checkpoints();
    const worker = new PartitionWorker(where, { ...context, published: bound });
    write(1, 1, 5);
    const batch = batchOf([row(1, 1, 1), order(formatSequence(1, 1, 6)), row(1, 2, 3)]);
    expect(await worker.handle(batch, never)).toMatchObject({ nextOffset: 1n, pause: { reason: 'retry' } });
    write(1, 1, 5);
    expect(await worker.handle(batch, never)).toMatchObject({ nextOffset: 3n, pause: null });
    expect(sent.map(({ record, error }) => [record.offset, error.code])).toEqual([[1n, 'RECORD_AHEAD']]);
    expect(new Set(sink.writes.flat())).toEqual(new Set([row(1, 1, 1).key, row(1, 2, 3).key]));
  });

  test('an order is obeyed when the checkpoint beside it is seen, and without any checkpoint', async () => {
    const { context, sent } = testWorker(inMemorySink());
    const { bound, write } = checkpoints();
    const worker = new PartitionWorker(where, { ...context, published: bound });
    const first = batchOf([topic.truncate(formatSequence(1, 1, 5))]);
    expect(await worker.handle(first, never)).toMatchObject({ nextOffset: 1n, pause: null });
    write(1, 1, 5);
    const second = batchOf([topic.truncate(formatSequence(1, 1, 6))]);
    expect(await worker.handle(second, never)).toMatchObject({ pause: { reason: 'retry' } });
    write(1, 1, 6);
    expect(await worker.handle(second, never)).toMatchObject({ nextOffset: 1n, pause: null });
    expect(sent).toEqual([]);
  });

  test.each([
    ['no checkpoint', () => undefined],
    [
      'one that tells nothing',
      (put: (value: Buffer) => void) => put(Buffer.from('{"checkpoint":{"highest":""}}')),
    ],
  ])('%s holds nothing up', async (_name, prepare) => {
    const sink = inMemorySink();
    const { context, sent } = testWorker(sink);
    const { bound, put, reads } = checkpoints();
    const worker = new PartitionWorker(where, { ...context, published: bound });
    prepare(put);
    const batch = batchOf([row(2, 1, 1), row(2, 1, 2), row(2, 2, 3)]);
    expect(await worker.handle(batch, never)).toMatchObject({ nextOffset: 3n, pause: null });
    expect([sink.writes.flat().length, sent, reads()]).toEqual([3, [], 1]);
  });

  test('after a new assignment the next record is looked up again', async () => {
    const { bound, write, reads } = checkpoints();
    write(2, 1, 5);
    const { sequence } = row(1, 1, 1).envelope.payload;
    expect(await bound.look(where, { offset: 0n, sequence, isOrder: false })).toBe('published');
    expect(bound.isWithin(sequence)).toBe(true);
    bound.forget();
    expect([bound.isWithin(sequence), reads()]).toEqual([false, 1]);
  });

  test('is applied when its checkpoint comes', async () => {
    const sink = inMemorySink();
    const { context, sent } = testWorker(sink);
    const { bound, write } = checkpoints();
    const worker = new PartitionWorker(where, { ...context, published: bound });
    write(1, 1, 5);
    const batch = batchOf([row(2, 1, 1)]);
    expect(await worker.handle(batch, never)).toMatchObject({ pause: { ms: 1000 } });
    write(2, 1, 5);
    expect(await worker.handle(batch, never)).toMatchObject({ nextOffset: 1n, pause: null });
    expect(sent).toEqual([]);
  });
});

test('a checkpoint is read once for all that it covers, and none is no bound', async () => {
  const { bound, write, reads } = checkpoints();
  expect(await bound.look(where, at(921, 1))).toBe('published');
  write(3, 7, 5);
  expect(await bound.look(where, at(3, 7))).toBe('published');
  for (const [generation, file, is] of [
    [1, 999_999, true],
    [3, 7, true],
    [3, 107, true],
    [3, 108, false],
    [4, 0, false],
  ] as const)
    expect(bound.isWithin(formatSequence(generation, file, 5)), `${generation} ${file}`).toBe(is);
  expect(reads()).toBe(2);
});

test('an operator gives no store what is ahead of capture: a forged letter stays what it is until capture has come so far', async () => {
  const { bound, write } = checkpoints();
  const sink = inMemorySink();
  const { context } = testWorker(sink);
  const parts = { sink: context.sink, breaker: context.breaker, signal: never, published: bound };
  const replay = async (record: Parameters<typeof batchOf>[0][number]) => {
    const [entry] = [...decodeBatch(batchOf([record]), context.routing, null)];
    if (entry?.kind !== 'row' && entry?.kind !== 'control') throw new Error('no record to replay');
    return replayOne(parts, entry.delivery);
  };
  const refused = { kind: 'failed', error: { code: 'RECORD_AHEAD', errorClass: 'record' } };
  write(1, 1, 5);
  expect(await replay(topic.truncate(formatSequence(1, 1, 6)))).toMatchObject(refused);
  expect(await replay(row(2, 1, 1))).toMatchObject(refused);
  expect(sink.writes.flat()).toEqual([]);
  expect(await replay(row(1, 1, 1))).toMatchObject({ kind: 'applied' });
  write(1, 1, 6);
  expect(await replay(topic.truncate(formatSequence(1, 1, 6)))).toMatchObject({ kind: 'applied' });
});
