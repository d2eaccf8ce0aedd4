import { formatSequence } from '@sluice/envelope';
import { describe, expect, test } from 'vitest';
import type { Delivery, OffsetStore, Outcome } from '../src/sink.ts';
import {
  CONFORMANCE_DATABASE,
  CONFORMANCE_TABLE,
  inMemorySink,
  itemRow,
  sequenceAt,
  type InMemorySink,
} from '../src/testing/index.ts';
import { PartitionWorker } from '../src/partition-worker.ts';
import { batchOf, failure, pagesOf, scripted, STORE, testWorker, topic } from './fixtures.ts';

const never = new AbortController().signal;
const insert = (id: number, step: number, version = 1): Delivery =>
  topic.row({ operation: 'INSERT', sequence: sequenceAt(step), row: itemRow(id, version) });
const read = (sink: InMemorySink, id: number) =>
  sink.read(CONFORMANCE_DATABASE, CONFORMANCE_TABLE, JSON.stringify({ id }));

describe('the way of a batch', () => {
  test('rows are coalesced by key, cut at a control record, and the batch is done to its end', async () => {
    const sink = inMemorySink();
    const { worker } = testWorker(sink);
    const batch = batchOf(
      [insert(1, 10), insert(1, 11, 2), insert(2, 12), topic.truncate(sequenceAt(20)), insert(1, 21, 3)],
      100n,
    );
    expect(await worker.handle(batch, never)).toEqual({ nextOffset: 105n, pause: null });
    expect(sink.writes).toEqual([['{"id":1}', '{"id":2}'], ['{"$sluice":"truncate"}'], ['{"id":1}']]);
    expect(read(sink, 1)).toEqual(itemRow(1, 3));
    expect(read(sink, 2)).toBeNull();
  });

  test('counts say what became of each record', async () => {
    const sink = inMemorySink();
    const { worker, registry } = testWorker(sink);
    await worker.handle(batchOf([insert(1, 10), insert(1, 11), insert(2, 12)]), never);
    await worker.handle(batchOf([insert(2, 12)], 3n), never);
    const text = await registry.metrics();
    const table = `database="${CONFORMANCE_DATABASE}",table="${CONFORMANCE_TABLE}"`;
    const count = (result: string): string =>
      `cdc_sink_records_total{sink="test",${table},operation="INSERT",result="${result}"}`;
    expect(text).toContain(`${count('applied')} 2`);
    expect(text).toContain(`${count('superseded')} 1`);
    expect(text).toContain(`${count('stale')} 1`);
    expect(text).toMatch(new RegExp(`cdc_table_latency_seconds{sink="test",${table}} \\d`));
  });
});

describe('records that cannot be applied', () => {
  test('an unreadable record becomes a dead letter with its bytes, its neighbours are applied', async () => {
    const sink = inMemorySink();
    const { worker, sent } = testWorker(sink);
    const batch = batchOf([insert(1, 10), insert(2, 11), insert(3, 12)]);
    const broken = { ...batch.records[1]!, value: Buffer.from('{"broken') };
    const records = [batch.records[0]!, broken, batch.records[2]!];
    expect(await worker.handle({ ...batch, records }, never)).toEqual({ nextOffset: 3n, pause: null });
    expect(sent.map(({ record, stage, error }) => [record.value?.toString(), stage, error.code])).toEqual([
      ['{"broken', 'deserialize', 'RECORD_INVALID'],
    ]);
    expect([read(sink, 1), read(sink, 3)]).toEqual([itemRow(1, 1), itemRow(3, 1)]);
  });

  test('a refused row is isolated, tried a few times, and sent alone', async () => {
    const sink = inMemorySink();
    sink.refused.add('{"id":2}');
    const { worker, sent } = testWorker(sink, { quickRetries: 2 });
    expect(await worker.handle(batchOf([insert(1, 10), insert(2, 11), insert(3, 12)]), never)).toMatchObject({
      pause: null,
    });
    expect(sent).toMatchObject([{ record: { offset: 1n }, stage: 'apply', attempts: 3 }]);
    expect(sink.writes.slice(1)).toEqual([['{"id":2}'], ['{"id":2}']]);
  });

  test('a refused row takes no older one away when the snapshot ends that it was read by', async () => {
    const sink = inMemorySink();
    const { worker } = testWorker(sink);
    await worker.handle(batchOf([insert(1, 10), insert(2, 11), insert(3, 12)]), never);
    sink.refused.add('{"id":2}');
    const mark = { phase: 'end', job: 's2', reconcile: true, since: sequenceAt(20), partitions: 1 } as const;
    const end = topic.snapshotMark(sequenceAt(30), mark);
    const read2 = topic.row({ operation: 'SNAPSHOT', sequence: sequenceAt(25), row: itemRow(2, 2) });
    await worker.handle(batchOf([insert(3, 21, 2), read2, end], 3n), never);
    expect([1, 2, 3].map((id) => read(sink, id))).toEqual([null, itemRow(2, 1), itemRow(3, 2)]);
  });

  test.each(['', 'no json', '7', '[]', '{}', '{"id":'])(
    'a dead letter with the key %j keeps no other from its row when the snapshot ends',
    async (text) => {
      const sink = inMemorySink();
      const { worker, context } = testWorker(sink);
      const subject = new PartitionWorker(
        { topic: topic.topic, partition: 0 },
        { ...context, refusedKeys: () => pagesOf([text, '{"id":2}']) },
      );
      await worker.handle(batchOf([insert(1, 10), insert(2, 11)]), never);
      const mark = { phase: 'end', job: 's', reconcile: true, since: sequenceAt(20), partitions: 1 } as const;
      await subject.handle(batchOf([topic.snapshotMark(sequenceAt(30), mark)], 3n), never);
      expect([1, 2].map((id) => read(sink, id))).toEqual([null, itemRow(2, 1)]);
    },
  );

  test('a dead letter says when its record was refused first, over a pause too', async () => {
    const refuse = (): Outcome[] => [{ kind: 'failed', error: failure('RECORD_INVALID') }];
    const unknownTable = (): Outcome[] => {
      throw failure('MYSQL_TABLE_UNKNOWN');
    };
    const sink = scripted(refuse, unknownTable, refuse, refuse);
    const clock = { ms: 1000 };
    const { worker, context, sent } = testWorker(sink, { quickRetries: 1 });
    Object.assign(context, { now: () => clock.ms });
    expect(await worker.handle(batchOf([insert(1, 1)]), never)).toMatchObject({
      pause: { reason: 'schema' },
    });
    clock.ms = 9000;
    await worker.handle(batchOf([insert(1, 1)]), never);
    expect(sent).toMatchObject([{ firstFailedAtMs: 1000, failedAtMs: 9000 }]);
  });

  test('without quick tries it is the refused row that is sent, not the first of its batch', async () => {
    const sink = inMemorySink();
    sink.refused.add('{"id":2}');
    const { worker, sent } = testWorker(sink, { quickRetries: 0 });
    await worker.handle(batchOf([insert(1, 10), insert(2, 11), insert(3, 12)]), never);
    expect(sent.map(({ record }) => record.offset)).toEqual([1n]);
  });

  test('a store that refuses a whole batch for one row is asked by halves', async () => {
    const refuse = (batch: readonly Delivery[]): readonly Outcome[] => {
      const bad = batch.some(({ key }) => key === '{"id":3}');
      return batch.map(() =>
        bad ? { kind: 'failed', error: failure('RECORD_INVALID') } : { kind: 'applied' },
      );
    };
    const sink = scripted(...Array.from({ length: 20 }, () => refuse));
    const { worker, sent } = testWorker(sink, { quickRetries: 0 });
    await worker.handle(batchOf([1, 2, 3, 4].map((id) => insert(id, id))), never);
    expect(sent.map(({ record }) => record.offset)).toEqual([2n]);
    expect(sink.writes.map((keys) => keys.length)).toEqual([4, 2, 2, 1, 1]);
  });

  test('when the newest row of a key is refused, the older ones it stood for are applied', async () => {
    const sink = scripted((batch) => batch.map(() => ({ kind: 'failed', error: failure('RECORD_INVALID') })));
    const sequences: string[] = [];
    const write = sink.write.bind(sink);
    sink.write = async (batch, signal) => {
      const newest = batch.some(({ envelope }) => envelope.payload.sequence === sequenceAt(12));
      if (newest) return batch.map(() => ({ kind: 'failed', error: failure('RECORD_INVALID') }));
      sequences.push(...batch.map(({ envelope }) => envelope.payload.sequence));
      return (await write(batch, signal)).map(() => ({ kind: 'applied' }) as const);
    };
    const { worker, sent } = testWorker(sink, { quickRetries: 1 });
    await worker.handle(batchOf([insert(1, 10), insert(1, 11), insert(1, 12)]), never);
    expect(sequences).toEqual([sequenceAt(10), sequenceAt(11)]);
    expect(sent.map(({ record }) => record.offset)).toEqual([2n]);
  });

  test('too many dead letters stop the sink before the next one', async () => {
    const sink = inMemorySink();
    for (const id of [1, 2, 3]) sink.refused.add(JSON.stringify({ id }));
    const limits = { quickRetries: 0, diversion: { records: 2, ratio: 1 } };
    const { worker, sent, decisions } = testWorker(sink, limits);
    const handling = worker.handle(batchOf([1, 2, 3].map((id) => insert(id, id))), never);
    await expect(handling).rejects.toMatchObject({ code: 'DIVERSION_HALTED', errorClass: 'fatal' });
    expect(sent).toHaveLength(2);
    expect(decisions.halts.map(({ errorClass }) => errorClass)).toEqual(['record']);
  });

  test('a record of a strict table holds up its partition until it is let go', async () => {
    const sink = inMemorySink();
    sink.refused.add('{"id":2}');
    const { worker, sent, decisions } = testWorker(sink, { quickRetries: 0 });
    decisions.held.add(1n);
    const batch = batchOf([1, 2, 3].map((id) => insert(id, id)));
    const held = await worker.handle(batch, never);
    const detail = expect.stringMatching(/^RECORD_HELD: .* offset 1 is refused/) as string;
    expect(held).toMatchObject({ nextOffset: 0n, pause: { reason: 'strict', ms: 1, detail } });
    expect(sent).toEqual([]);
    decisions.held.clear();
    expect(await worker.handle(batch, never)).toEqual({ nextOffset: 3n, pause: null });
    expect(sent.map(({ record }) => record.offset)).toEqual([1n]);
  });
});

describe('a store that does not answer', () => {
  test('is tried again in place, only with what is left', async () => {
    const sink = scripted(
      () => {
        throw failure('SINK_UNEXPECTED');
      },
      (batch) =>
        batch.map((_, index) =>
          index === 0 ? { kind: 'applied' } : { kind: 'failed', error: failure('SINK_UNEXPECTED') },
        ),
    );
    const { worker, sent } = testWorker(sink);
    expect(await worker.handle(batchOf([insert(1, 1), insert(2, 2)]), never)).toEqual({
      nextOffset: 2n,
      pause: null,
    });
    expect(sink.writes).toEqual([['{"id":1}', '{"id":2}'], ['{"id":1}', '{"id":2}'], ['{"id":2}']]);
    expect(sent).toEqual([]);
  });

  test('opens the breaker after failures in a row; then the partition is paused where it stands', async () => {
    const sink = inMemorySink();
    const { worker, context } = testWorker(sink, { breaker: { failures: 3, resetMs: 60_000 } });
    await worker.handle(batchOf([insert(1, 1)]), never);
    sink.reachable = false;
    expect(await worker.handle(batchOf([insert(2, 2)], 1n), never)).toMatchObject({
      nextOffset: 1n,
      pause: { reason: 'breaker', ms: null },
    });
    expect(context.breaker.state).toBe('open');
    const writes = sink.writes.length;
    expect(await worker.handle(batchOf([insert(2, 2)], 1n), never)).toMatchObject({
      nextOffset: 1n,
      pause: { reason: 'breaker' },
    });
    expect(sink.writes).toHaveLength(writes);
    context.breaker.close();
  });

  test('the failure that opens the breaker leaves the next try to its probe, not to a timer', async () => {
    const sink = inMemorySink();
    sink.reachable = false;
    const overrides = { breaker: { failures: 1, resetMs: 60_000 }, retry: { initialMs: 1e9, maxMs: 1e9 } };
    const { worker, context } = testWorker(sink, overrides);
    const verdict = await worker.handle(batchOf([insert(1, 1)]), never);
    expect(verdict.pause).toMatchObject({ reason: 'breaker', ms: null });
    context.breaker.close();
  });

  test('with a long wait due, the partition is paused; a dead letter of that batch is not written again', async () => {
    const sink = inMemorySink();
    sink.reachable = false;
    const { worker, sent } = testWorker(sink, { retry: { initialMs: 1e9, maxMs: 1e9 } });
    const batch = batchOf([insert(1, 1), insert(2, 2)]);
    const records = [{ ...batch.records[0]!, value: Buffer.from('{') }, batch.records[1]!];
    const verdict = await worker.handle({ ...batch, records }, never);
    expect(verdict).toMatchObject({ nextOffset: 0n, pause: { reason: 'retry' } });
    sink.reachable = true;
    expect(await worker.handle({ ...batch, records }, never)).toEqual({ nextOffset: 2n, pause: null });
    expect(sent).toHaveLength(1);
  });

  test('an unknown table or column pauses the partition', async () => {
    const { worker } = testWorker({
      ...inMemorySink(),
      write: async () => Promise.reject(failure('MYSQL_TABLE_UNKNOWN')),
    });
    expect(await worker.handle(batchOf([insert(1, 1)]), never)).toMatchObject({
      nextOffset: 0n,
      pause: { reason: 'schema' },
    });
  });

  test('batches that are given up do not open the breaker, whatever their store calls it', async () => {
    const sink = inMemorySink();
    const { worker, context } = testWorker(sink, { breaker: { failures: 2, resetMs: 60_000 } });
    for (let rebalances = 0; rebalances < 5; rebalances += 1) {
      const lost = new AbortController();
      sink.write = async () => {
        lost.abort(new DOMException('rebalance', 'AbortError'));
        throw failure('MYSQL_UNREACHABLE');
      };
      await expect(worker.handle(batchOf([insert(1, 1)]), lost.signal)).rejects.toThrow('rebalance');
    }
    expect(context.breaker.state).toBe('closed');
  });

  test('a row that must stay at the end of a snapshot and is refused pauses the partition, and stops nothing', async () => {
    const sink = Object.assign(inMemorySink(), {
      keep: async () => Promise.reject(failure(STORE.STORE_ROW)),
    });
    const { context } = testWorker(sink, { breaker: { failures: 1, resetMs: 60_000 } });
    const subject = new PartitionWorker(
      { topic: topic.topic, partition: 0 },
      { ...context, refusedKeys: () => pagesOf(['{"id":2}']) },
    );
    const mark = { phase: 'end', job: 's', reconcile: true, since: sequenceAt(20), partitions: 1 } as const;
    const end = batchOf([topic.snapshotMark(sequenceAt(30), mark)], 3n);
    expect(await subject.handle(end, never)).toMatchObject({
      nextOffset: 3n,
      pause: {
        reason: 'schema',
        detail: expect.stringContaining(STORE.STORE_ROW) as unknown,
      },
    });
    expect(context.breaker.state).toBe('closed');
  });

  test('a fatal error stops the service', async () => {
    const sink = inMemorySink();
    sink.write = async () => Promise.reject(failure(STORE.STORE_LOGIN));
    await expect(testWorker(sink).worker.handle(batchOf([insert(1, 1)]), never)).rejects.toMatchObject({
      code: STORE.STORE_LOGIN,
    });
  });

  test('a stop ends the waiting at once', async () => {
    const sink = inMemorySink();
    sink.reachable = false;
    const { worker, stop } = testWorker(sink, {
      retry: { initialMs: 900, maxMs: 900 },
      breaker: { failures: 1e6, resetMs: 1 },
    });
    const handling = worker.handle(batchOf([insert(1, 1)]), never);
    stop.abort();
    expect(await handling).toMatchObject({ nextOffset: 0n });
  });
});

test('a generation that falls along the log stops the sink as diverged', async () => {
  const { worker } = testWorker(inMemorySink());
  const newer = topic.row({ operation: 'INSERT', sequence: formatSequence(2, 1, 5), row: itemRow(1, 1) });
  const older = topic.row({ operation: 'INSERT', sequence: formatSequence(1, 9, 5), row: itemRow(2, 1) });
  await expect(worker.handle(batchOf([newer, older]), never)).rejects.toMatchObject({
    code: 'SOURCE_DIVERGED',
  });
});

describe('a sink that stores offsets', () => {
  function withOffsets(): InMemorySink & { advanced: bigint[]; offsets: OffsetStore } {
    const advanced: bigint[] = [];
    const offsets = {
      read: async () => null,
      topicId: async () => null,
      keepTopicId: async () => undefined,
      advance: async (_t: string, _p: number, next: bigint) => void advanced.push(next),
      set: async () => undefined,
    };
    return Object.assign(inMemorySink(), { advanced, offsets });
  }

  test('is told the offset only where no write has stored it', async () => {
    const sink = withOffsets();
    const { worker } = testWorker(sink);
    await worker.handle(batchOf([insert(1, 10), insert(2, 11)]), never);
    expect(sink.advanced).toEqual([]);
    await worker.handle(batchOf([insert(3, 13), insert(3, 12)], 2n), never);
    expect(sink.advanced).toEqual([4n]);
  });

  test('is told the offset after a dead letter', async () => {
    const sink = withOffsets();
    sink.refused.add('{"id":2}');
    const { worker } = testWorker(sink, { quickRetries: 0 });
    await worker.handle(batchOf([insert(1, 10), insert(2, 11)]), never);
    expect(sink.advanced).toEqual([2n]);
  });
});

describe('a change that waits for an operator', () => {
  const change = topic.truncate(sequenceAt(20), 'pause-table');

  test('holds its partition; what stands before it is applied, nothing behind it', async () => {
    const sink = inMemorySink();
    const { worker, context } = testWorker(sink);
    const batch = batchOf([insert(1, 10), change, insert(2, 21)]);
    expect(await worker.handle(batch, never)).toMatchObject({ nextOffset: 1n, pause: { reason: 'ddl' } });
    expect([read(sink, 1), read(sink, 2)]).toEqual([itemRow(1, 1), null]);
    expect(context.held.all).toMatchObject([{ table: `${CONFORMANCE_DATABASE}.${CONFORMANCE_TABLE}` }]);
  });

  test('goes on when it was resumed, with nothing lost', async () => {
    const sink = inMemorySink();
    const { worker, context, decisions } = testWorker(sink);
    const batch = batchOf([insert(1, 10), change, insert(2, 21)]);
    await worker.handle(batch, never);
    decisions.released.add(context.held.all[0]?.id ?? '');
    expect(await worker.handle(batch, never)).toEqual({ nextOffset: 3n, pause: null });
    expect([read(sink, 1), read(sink, 2)]).toEqual([null, itemRow(2, 1)]);
    expect(context.held.all).toEqual([]);
  });
});
