import { describe, expect, test } from 'vitest';
import type { Delivery, OffsetStore } from '../src/sink.ts';
import {
  CONFORMANCE_DATABASE,
  CONFORMANCE_TABLE,
  inMemorySink,
  itemRow,
  sequenceAt,
  type InMemorySink,
} from '../src/testing/index.ts';
import { batchOf, testWorker, topic } from './fixtures.ts';

const never = new AbortController().signal;
const insert = (id: number, step: number, version = 1): Delivery =>
  topic.row({ operation: 'INSERT', sequence: sequenceAt(step), row: itemRow(id, version) });
const read = (sink: InMemorySink, id: number) =>
  sink.read(CONFORMANCE_DATABASE, CONFORMANCE_TABLE, JSON.stringify({ id }));

describe('a sink that does not take everything', () => {
  const update = (id: number, step: number): Delivery =>
    topic.row({ operation: 'UPDATE', sequence: sequenceAt(step), row: itemRow(id, step) });
  const remove = (id: number, step: number): Delivery =>
    topic.row({ operation: 'DELETE', sequence: sequenceAt(step), row: itemRow(id, step) });
  const end = topic.snapshotMark(sequenceAt(40), {
    phase: 'end',
    job: 's1',
    reconcile: true,
    since: sequenceAt(39),
    partitions: 1,
  });
  const table = `database="${CONFORMANCE_DATABASE}",table="${CONFORMANCE_TABLE}"`;

  test('skips records of other tables, counts them, and moves past them', async () => {
    const sink = inMemorySink();
    const { worker, context, registry } = testWorker(sink, { excludeTables: ['*.*'] });
    const batch = batchOf([
      topic.schema(sequenceAt(1)),
      insert(1, 10),
      insert(2, 11),
      topic.truncate(sequenceAt(12)),
    ]);
    expect(await worker.handle(batch, never)).toEqual({ nextOffset: 4n, pause: null });
    expect(sink.writes).toEqual([]);
    expect(context.state).toMatchObject({ handledRecords: 0, skippedRecords: 4 });
    const text = await registry.metrics();
    const skipped = (operation: string): string =>
      `cdc_sink_skipped_records_total{sink="test",${table},operation="${operation}"}`;
    expect(text).toContain(`${skipped('INSERT')} 2`);
    expect(text).toContain(`${skipped('none')} 1`);
    expect(text).toContain(`${skipped('TRUNCATE')} 1`);
  });

  test('skips operations before rows are coalesced, and never rows of a snapshot', async () => {
    const sink = inMemorySink();
    const { worker } = testWorker(sink, { operations: ['insert', 'update'] });
    const snapshot = topic.row({ operation: 'SNAPSHOT', sequence: sequenceAt(20), row: itemRow(3, 1) });
    const batch = [insert(1, 10), remove(1, 11), update(2, 12), topic.truncate(sequenceAt(13)), snapshot];
    await worker.handle(batchOf(batch), never);
    expect([read(sink, 1), read(sink, 2), read(sink, 3)]).toEqual([
      itemRow(1, 1),
      itemRow(2, 12),
      itemRow(3, 1),
    ]);
  });

  test('takes no row away at the end of a snapshot where it applies no deletes', async () => {
    const sinks = [inMemorySink(), inMemorySink()] as const;
    await testWorker(sinks[0]).worker.handle(batchOf([insert(1, 10), end]), never);
    await testWorker(sinks[1], { operations: ['insert'] }).worker.handle(
      batchOf([insert(1, 10), end]),
      never,
    );
    expect(sinks.map((sink) => read(sink, 1))).toEqual([null, itemRow(1, 1)]);
  });

  test('remembers what it has skipped before the offset moves', async () => {
    const moved: number[] = [];
    const offsets = { advance: async () => void moved.push(index.skipped.size) } as unknown as OffsetStore;
    const { worker, index } = testWorker({ ...inMemorySink(), offsets }, { operations: ['insert'] });
    await worker.handle(batchOf([remove(1, 11), remove(2, 12)]), never);
    expect(moved).toEqual([1]);
    expect([...index.skipped.values()]).toMatchObject([{ operations: ['delete'], job: null, at: 1000 }]);
  });
});
