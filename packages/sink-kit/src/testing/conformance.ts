import type { Row } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import { afterEach, describe, expect, test } from 'vitest';
import type { Delivery, Outcome, Sink } from '../sink.ts';
import { Bench, type SinkSubject } from './bench.ts';
import { conformanceTopic, itemRow, nullRow } from './conformance-table.ts';
import { describeConvergence } from './convergence.ts';
import { describeGeneration } from './kept-generation.ts';
import { describeSharedTopic } from './shared-topic.ts';
import { sequenceAt } from './test-topic.ts';

export interface SinkHarness {
  create(): Promise<SinkSubject>;
  /** A sink before `open`, whose store does not answer. */
  deadStore?(): Promise<Sink>;
}

const PATIENCE_MS = 30_000;
const never = new AbortController().signal;

/**
 * Defines what a sink is: registers a `describe` block of the contract's tests. The table is
 * `sluice_conformance.items` (see `conformanceColumns`), announced by a `schema` control record before its first row.
 */
export function describeSinkConformance(name: string, harness: SinkHarness): void {
  describe(`${name} keeps the contract of a sink`, () => {
    const open: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const close of open.splice(0).reverse()) await close();
    });
    const start = async (): Promise<Bench> => {
      const subject = await harness.create();
      open.push(() => subject.close());
      await subject.sink.open(never);
      const bench = new Bench(subject);
      open.push(() => bench.close());
      expect(await bench.write(bench.topic.schema(sequenceAt(1)))).toEqual(['applied']);
      return bench;
    };

    describeRows(start);
    describeGuard(start);
    describeTruncate(start);
    describeReconciliation(start);
    describeKeeping(start);
    describeSharedTopic(start);
    describeProcesses(start);
    describeGeneration(start);
    describeReplay(start);
    describeFailures(harness, start);
    describeConvergence(name, start);
  });
}

type Start = () => Promise<Bench>;

function describeRows(start: Start): void {
  test('a row is stored value for value, and nulls are nulls', async () => {
    const bench = await start();
    expect(await bench.write(bench.insert(10, itemRow(1, 1)), bench.insert(11, nullRow(2)))).toEqual([
      'applied',
      'applied',
    ]);
    expect(await bench.read(1)).toEqual(itemRow(1, 1));
    expect(await bench.read(2)).toEqual(nullRow(2));
  });

  test('an update replaces the row, a delete removes it', async () => {
    const bench = await start();
    await bench.write(bench.insert(10, itemRow(1, 1)));
    expect(await bench.write(bench.update(11, itemRow(1, 2)))).toEqual(['applied']);
    expect(await bench.read(1)).toEqual(itemRow(1, 2));
    expect(await bench.write(bench.delete(12, itemRow(1, 2)))).toEqual(['applied']);
    expect(await bench.read(1)).toBeNull();
  });

  test('a row inserted again after its delete is there', async () => {
    const bench = await start();
    await bench.write(bench.insert(10, itemRow(1, 1)));
    await bench.write(bench.delete(11, itemRow(1, 1)));
    expect(await bench.write(bench.insert(12, itemRow(1, 3)))).toEqual(['applied']);
    expect(await bench.read(1)).toEqual(itemRow(1, 3));
  });

  test('a changed key moves the row, whichever half comes first', async () => {
    const bench = await start();
    await bench.write(bench.insert(10, itemRow(1, 1)));
    await bench.write(bench.insert(12, itemRow(2, 1)), bench.delete(11, itemRow(1, 1)));
    expect(await bench.read(1)).toBeNull();
    expect(await bench.read(2)).toEqual(itemRow(2, 1));
  });
}

function describeGuard(start: Start): void {
  test('the same change twice is stale and changes nothing', async () => {
    const bench = await start();
    await bench.write(bench.insert(10, itemRow(1, 1)), bench.insert(11, itemRow(2, 1)));
    expect(await bench.write(bench.insert(10, itemRow(1, 1)), bench.insert(11, itemRow(2, 1)))).toEqual([
      'stale',
      'stale',
    ]);
    expect(await bench.read(1)).toEqual(itemRow(1, 1));
  });

  test('an older change after a newer one is stale', async () => {
    const bench = await start();
    await bench.write(bench.update(20, itemRow(1, 2)));
    expect(await bench.write(bench.update(19, itemRow(1, 1)))).toEqual(['stale']);
    expect(await bench.write(bench.delete(18, itemRow(1, 1)))).toEqual(['stale']);
    expect(await bench.read(1)).toEqual(itemRow(1, 2));
  });

  test('an update that comes after a newer delete does not bring the row back', async () => {
    const bench = await start();
    await bench.write(bench.insert(10, itemRow(1, 1)));
    await bench.write(bench.delete(12, itemRow(1, 1)));
    expect(await bench.write(bench.update(11, itemRow(1, 2)))).toEqual(['stale']);
    expect(await bench.write(bench.snapshot(11, itemRow(1, 2)))).toEqual(['stale']);
    expect(await bench.read(1)).toBeNull();
  });

  test('a delete of a row that was never seen is remembered', async () => {
    const bench = await start();
    await bench.write(bench.delete(12, itemRow(1, 1)));
    expect(await bench.write(bench.insert(11, itemRow(1, 1)))).toEqual(['stale']);
    expect(await bench.read(1)).toBeNull();
  });

  test('of equal sequences a snapshot row is applied, a stream row is stale', async () => {
    const bench = await start();
    await bench.write(bench.insert(10, itemRow(1, 1)));
    expect(await bench.write(bench.update(10, itemRow(1, 2)))).toEqual(['stale']);
    expect(await bench.write(bench.snapshot(10, itemRow(1, 3)))).toEqual(['applied']);
    expect(await bench.read(1)).toEqual(itemRow(1, 3));
    expect(await bench.write(bench.update(11, itemRow(1, 4)))).toEqual(['applied']);
  });
}

function describeTruncate(start: Start): void {
  test('a truncate removes older rows, keeps newer ones, and makes older changes stale', async () => {
    const bench = await start();
    await bench.write(bench.insert(10, itemRow(1, 1)), bench.insert(40, itemRow(2, 1)));
    expect(await bench.write(bench.topic.truncate(sequenceAt(30)))).toEqual(['applied']);
    expect(await bench.read(1)).toBeNull();
    expect(await bench.read(2)).toEqual(itemRow(2, 1));
    expect(await bench.write(bench.insert(20, itemRow(3, 1)))).toEqual(['stale']);
    expect(await bench.read(3)).toBeNull();
    expect(await bench.write(bench.insert(41, itemRow(1, 2)))).toEqual(['applied']);
    expect(await bench.read(1)).toEqual(itemRow(1, 2));
  });
}

function describeReconciliation(start: Start): void {
  test('rows that vanished in a gap are removed when the snapshot behind it has ended in every partition', async () => {
    const bench = await start();
    const other = conformanceTopic(1);
    await bench.write(bench.insert(10, itemRow(1, 1)), bench.insert(11, itemRow(2, 1)));
    const mark = { job: 'after the gap', reconcile: true, since: sequenceAt(20), partitions: 2 };
    const marks = (phase: 'begin' | 'end'): Delivery[] =>
      [bench.topic, other].map((topic) =>
        topic.snapshotMark(sequenceAt(phase === 'begin' ? 20 : 30), { phase, ...mark }),
      );
    for (const begin of marks('begin')) expect(await bench.write(begin)).toEqual(['applied']);
    await bench.write(bench.snapshot(25, itemRow(2, 2)));
    const [first, second] = marks('end');
    if (first !== undefined) expect(await bench.write(first)).toEqual(['applied']);
    expect(await bench.read(1)).toEqual(itemRow(1, 1));
    // Whoever sees the last one knows what others have seen.
    await bench.restart();
    if (second !== undefined) expect(await bench.write(second)).toEqual(['applied']);
    expect(await bench.read(1)).toBeNull();
    expect(await bench.read(2)).toEqual(itemRow(2, 2));
    expect(await bench.write(bench.update(15, itemRow(1, 3)))).toEqual(['stale']);
    expect(await bench.write(bench.insert(31, itemRow(1, 4)))).toEqual(['applied']);
  });

  test('the end of a first snapshot removes nothing', async () => {
    const bench = await start();
    await bench.write(bench.insert(10, itemRow(1, 1)));
    const mark = { job: 'first', reconcile: false, since: sequenceAt(20), partitions: 1 };
    const end = bench.topic.snapshotMark(sequenceAt(30), { phase: 'end', ...mark });
    expect(await bench.write(end)).toEqual(['applied']);
    expect(await bench.read(1)).toEqual(itemRow(1, 1));
  });
}

function describeKeeping(start: Start): void {
  test('a row that is kept outlives the end of a snapshot, until the next one does not know it', async () => {
    const bench = await start();
    await bench.write(bench.insert(10, itemRow(1, 1)), bench.insert(11, itemRow(2, 1)));
    await bench.write(bench.insert(12, itemRow(5, 1)));
    await bench.write(bench.delete(13, itemRow(5, 1)));
    const end = (since: number, step: number): Delivery => {
      const mark = { job: `of ${since}`, reconcile: true, since: sequenceAt(since), partitions: 1 };
      return bench.topic.snapshotMark(sequenceAt(step), { phase: 'end', ...mark });
    };
    await bench.write(bench.insert(26, itemRow(3, 2)));
    // Not there, deleted, and newer: these stay as they are.
    for (const id of [1, 1, 3, 4, 5]) await bench.keep(end(20, 30), 20, { id });
    expect(await bench.write(end(20, 30))).toEqual(['applied']);
    const rows = (): Promise<(Row | null)[]> => Promise.all([1, 2, 3, 4, 5].map((id) => bench.read(id)));
    expect(await rows()).toEqual([itemRow(1, 1), null, itemRow(3, 2), null, null]);
    // What is read again takes nothing away either; the refused change itself, fixed, is applied.
    expect(await bench.write(bench.update(15, itemRow(1, 7)))).toEqual(['stale']);
    expect(await bench.read(1)).toEqual(itemRow(1, 1));
    expect(await bench.write(bench.snapshot(20, itemRow(1, 2)))).toEqual(['applied']);
    expect(await bench.write(end(40, 50))).toEqual(['applied']);
    expect(await rows()).toEqual([null, null, null, null, null]);
  });

  test('a key that no row of the table can have keeps no other from its row', async () => {
    const bench = await start();
    await bench.write(bench.insert(10, itemRow(1, 1)), bench.insert(11, itemRow(2, 1)));
    const mark = { job: 'odd', reconcile: true, since: sequenceAt(20), partitions: 1 };
    const end = bench.topic.snapshotMark(sequenceAt(30), { phase: 'end', ...mark });
    const odd = [{ id: 'x' }, { id: { a: [1] } }, { id: null }, { id: 1e300 }, { gone: 1, 'id,': 2 }];
    await bench.keep(end, 20, ...odd, { id: 2 }, { id: '2026-13-45' });
    expect(await bench.write(end)).toEqual(['applied']);
    expect([await bench.read(1), await bench.read(2)]).toEqual([null, itemRow(2, 1)]);
  });
}

function describeProcesses(start: Start): void {
  test('a late write of a process that has lost its partition changes nothing', async () => {
    const bench = await start();
    const [changed, removed, truncated] = [1, 2, 3].map((id) => bench.insert(10 + id, itemRow(id, 1)));
    const late = [changed, removed, truncated].flatMap((delivery) => delivery ?? []);
    await bench.write(...late);
    await bench.restart();
    await bench.write(bench.topic.truncate(sequenceAt(14)));
    await bench.write(bench.update(21, itemRow(1, 2)), bench.delete(22, itemRow(2, 1)));
    expect(await bench.writeLate(...late)).toEqual(['stale', 'stale', 'stale']);
    expect([await bench.read(1), await bench.read(2), await bench.read(3)]).toEqual([
      itemRow(1, 2),
      null,
      null,
    ]);
  });

  test('a row that a truncate has made stale stays away, whatever a late process knows of the truncate', async () => {
    const bench = await start();
    const row = bench.insert(10, itemRow(1, 1));
    await bench.write(bench.insert(11, itemRow(2, 1)));
    await bench.restart();
    // By another partition, before this one has come to its row.
    await bench.write(conformanceTopic(1).truncate(sequenceAt(30)));
    expect(await bench.write(row)).toEqual(['stale']);
    expect(await bench.writeLate(row)).toEqual(['stale']);
    expect(await bench.read(1)).toBeNull();
  });

  test('a new process reads the whole topic once more and ends in the same state', async () => {
    const bench = await start();
    const log = [
      bench.insert(10, itemRow(1, 1)),
      bench.insert(11, itemRow(2, 1)),
      bench.topic.truncate(sequenceAt(12)),
      // The key is used again, deleted, and its row moved away.
      bench.insert(13, itemRow(1, 2)),
      bench.delete(14, itemRow(1, 2)),
      bench.insert(15, itemRow(1, 3)),
      bench.delete(16, itemRow(1, 3)),
      bench.insert(17, itemRow(3, 3)),
      bench.snapshot(17, itemRow(3, 4)),
    ];
    for (const delivery of log) await bench.write(delivery);
    const rows = (): Promise<(Row | null)[]> => Promise.all([1, 2, 3].map((id) => bench.read(id)));
    const before = await rows();
    expect(before).toEqual([null, null, itemRow(3, 4)]);
    await bench.restart();
    for (const delivery of log) await bench.write(delivery);
    expect(await rows()).toEqual(before);
  });
}

function describeReplay(start: Start): void {
  test('a replay applies what is newer than the row, and nothing else', async () => {
    const bench = await start();
    const [first, second] = [bench.insert(10, itemRow(1, 1)), bench.update(12, itemRow(1, 2))];
    await bench.write(bench.insert(11, itemRow(2, 1)));
    expect(await bench.replay(first)).toBe('applied');
    expect(await bench.read(1)).toEqual(itemRow(1, 1));
    await bench.write(second);
    expect(await bench.replay(first)).toBe('stale');
    expect(await bench.replay(second)).toBe('stale');
    expect(await bench.read(1)).toEqual(itemRow(1, 2));
  });

  test('a replayed delete removes no newer row, and a replayed update brings no deleted row back', async () => {
    const bench = await start();
    const [old, removal] = [bench.update(10, itemRow(1, 1)), bench.delete(11, itemRow(1, 1))];
    await bench.write(bench.insert(12, itemRow(1, 2)));
    expect(await bench.replay(removal)).toBe('stale');
    expect(await bench.read(1)).toEqual(itemRow(1, 2));
    expect(await bench.replay(bench.delete(13, itemRow(1, 2)))).toBe('applied');
    expect(await bench.replay(old)).toBe('stale');
    expect(await bench.read(1)).toBeNull();
  });

  test('a repair takes away a row of its own sequence, and no newer one, and no stream brings it back', async () => {
    const bench = await start();
    const row = itemRow(1, 1);
    await bench.write(bench.snapshot(10, row), bench.insert(11, itemRow(2, 1)));
    expect(await bench.write(bench.delete(10, row))).toEqual(['stale']);
    expect(await bench.replay(bench.delete(10, row))).toBe('stale');
    expect(await bench.repair(bench.delete(10, row))).toBe('applied');
    expect(await bench.read(1)).toBeNull();
    expect(await bench.write(bench.insert(10, row))).toEqual(['stale']);
    expect(await bench.repair(bench.delete(10, itemRow(2, 1)))).toBe('stale');
    expect(await bench.read(2)).toEqual(itemRow(2, 1));
    expect(await bench.repair(bench.snapshot(10, row))).toBe('applied');
    expect(await bench.read(1)).toEqual(row);
  });

  test('neither a replay nor a repair moves a stored offset', async (context) => {
    const bench = await start();
    const { offsets } = bench.subject.sink;
    if (offsets === undefined) return context.skip();
    const { topic, partition } = bench.insert(10, itemRow(1, 1));
    await offsets.read(topic, partition);
    await bench.write(bench.insert(11, itemRow(1, 1)));
    const stored = await offsets.read(topic, partition);
    expect(await bench.replay(bench.insert(12, itemRow(2, 1)))).toBe('applied');
    expect(await bench.repair(bench.delete(13, itemRow(2, 1)))).toBe('applied');
    expect(await bench.replay(bench.topic.truncate(sequenceAt(5)))).toBe('applied');
    expect(await offsets.read(topic, partition)).toBe(stored);
    await offsets.set(topic, partition, 0n);
    expect(await offsets.read(topic, partition)).toBe(0n);
  });
}

function describeFailures(harness: SinkHarness, start: Start): void {
  test('a refused row is an outcome, and its neighbours are applied', async (context) => {
    const bench = await start();
    const poison = await bench.subject.poison?.(2);
    if (poison === undefined) return context.skip();
    const batch = [itemRow(1, 1), poison, itemRow(3, 1)].map((row, index) => bench.insert(10 + index, row));
    const settled = await writeHalving(bench.subject.sink, batch);
    expect(settled.map(({ kind }) => kind)).toEqual(['applied', 'failed', 'applied']);
    const [, refused] = settled;
    expect(refused?.kind === 'failed' ? refused.error.errorClass : null).toBe('record');
    expect(await bench.read(1)).toEqual(itemRow(1, 1));
    expect(await bench.read(3)).toEqual(itemRow(3, 1));
  });

  test(
    'a store that does not answer gives a retryable error within bounded time',
    async (context) => {
      const sink = await harness.deadStore?.();
      if (sink === undefined) return context.skip();
      const attempt = async (): Promise<unknown> => {
        await sink.open(never);
        return sink.write(
          [conformanceTopic().row({ operation: 'INSERT', sequence: sequenceAt(1), row: itemRow(1, 1) })],
          never,
        );
      };
      const error = await attempt().then(
        () => null,
        (reason: unknown) => reason,
      );
      await sink.close();
      expect(error).toBeInstanceOf(PipelineError);
      expect(error instanceof PipelineError ? error.errorClass : null).toBe('retryable');
    },
    PATIENCE_MS,
  );

  test(
    'a close during a write lets it settle',
    async () => {
      const bench = await start();
      const batch = Array.from({ length: 500 }, (_, index) =>
        bench.insert(100 + index, itemRow(index + 1, 1)),
      );
      const writing = Promise.allSettled([bench.subject.sink.write(batch, never)]);
      await bench.subject.sink.close();
      const [result] = await writing;
      if (result?.status === 'fulfilled') expect(result.value).toHaveLength(batch.length);
      else expect(result?.reason).toBeInstanceOf(PipelineError);
    },
    PATIENCE_MS,
  );
}

/** What the kit does with a refused batch, in short: halve until the refused row stands alone. */
async function writeHalving(sink: Sink, batch: readonly Delivery[]): Promise<readonly Outcome[]> {
  const outcomes = await sink.write(batch, never);
  if (batch.length === 1 || outcomes.every(({ kind }) => kind !== 'failed')) return outcomes;
  const refused = batch.filter((_, index) => outcomes[index]?.kind === 'failed');
  const middle = Math.max(1, refused.length >> 1);
  const parts = refused.length === 1 ? [refused] : [refused.slice(0, middle), refused.slice(middle)];
  const again = new Map<Delivery, Outcome>();
  for (const part of parts) {
    const settled = await writeHalving(sink, part);
    part.forEach((delivery, index) => again.set(delivery, settled[index] as Outcome));
  }
  return outcomes.map((outcome, index) => again.get(batch[index] as Delivery) ?? outcome);
}
