import type { Row } from '@sluice/envelope';
import { expect, test } from 'vitest';
import type { Delivery } from '../sink.ts';
import type { Bench } from './bench.ts';
import { CONFORMANCE_DATABASE, CONFORMANCE_TABLE, conformanceColumns, itemRow } from './conformance-table.ts';
import { sequenceAt, TestTopic, type TestChange } from './test-topic.ts';

const OTHER_TABLE = 'parts';

/** Two tables with equal keys in one topic, as strategy `database` makes it. */
class SharedTopic {
  readonly items: TestTopic;
  readonly parts: TestTopic;
  readonly #bench: Bench;

  constructor(bench: Bench) {
    const shared = {
      strategy: 'database',
      database: CONFORMANCE_DATABASE,
      columns: conformanceColumns,
      keyColumns: ['id'],
      offsets: { next: 0n },
    } as const;
    this.#bench = bench;
    this.items = new TestTopic({ ...shared, table: CONFORMANCE_TABLE });
    this.parts = new TestTopic({ ...shared, table: OTHER_TABLE });
  }

  /** The rows of a key, of both tables. */
  async rows(id: number): Promise<readonly (Row | null)[]> {
    const { subject } = this.#bench;
    return [await this.#bench.read(id), await subject.read(CONFORMANCE_DATABASE, OTHER_TABLE, { id })];
  }
}

function change(topic: TestTopic, operation: TestChange['operation'], step: number, version = 1): Delivery {
  return topic.row({ operation, sequence: sequenceAt(step), row: itemRow(1, version) });
}

export function describeSharedTopic(start: () => Promise<Bench>): void {
  const open = async (): Promise<{ bench: Bench; shared: SharedTopic }> => {
    const bench = await start();
    const shared = new SharedTopic(bench);
    for (const topic of [shared.items, shared.parts])
      expect(await bench.write(topic.schema(sequenceAt(2)))).toEqual(['applied']);
    return { bench, shared };
  };

  test('two tables of one topic have nothing to do with each other, although their keys are equal', async () => {
    const { bench, shared } = await open();
    const { items, parts } = shared;
    expect(await bench.write(change(items, 'INSERT', 10), change(parts, 'INSERT', 11, 2))).toEqual([
      'applied',
      'applied',
    ]);
    expect(await shared.rows(1)).toEqual([itemRow(1, 1), itemRow(1, 2)]);
    expect(await bench.write(change(items, 'DELETE', 20))).toEqual(['applied']);
    // Older than the delete of the other table's row.
    expect(await bench.write(change(parts, 'UPDATE', 15, 3))).toEqual(['applied']);
    expect(await shared.rows(1)).toEqual([null, itemRow(1, 3)]);
    expect(await bench.write(change(items, 'INSERT', 12))).toEqual(['stale']);
  });

  test('a truncate of one table touches no row of the other, and makes none of its changes stale', async () => {
    const { bench, shared } = await open();
    const { items, parts } = shared;
    await bench.write(change(items, 'INSERT', 10), change(parts, 'INSERT', 11));
    expect(await bench.write(items.truncate(sequenceAt(30)))).toEqual(['applied']);
    expect(await shared.rows(1)).toEqual([null, itemRow(1, 1)]);
    expect(await bench.write(change(items, 'INSERT', 25), change(parts, 'UPDATE', 26, 2))).toEqual([
      'stale',
      'applied',
    ]);
    expect(await shared.rows(1)).toEqual([null, itemRow(1, 2)]);
  });

  test('the end of a snapshot after a gap removes what vanished of its own table alone', async () => {
    const { bench, shared } = await open();
    const { items, parts } = shared;
    await bench.write(change(items, 'INSERT', 10), change(parts, 'INSERT', 11));
    const mark = { job: 'gap', reconcile: true, since: sequenceAt(20), partitions: 1 };
    for (const phase of ['begin', 'end'] as const)
      await bench.write(items.snapshotMark(sequenceAt(20), { phase, ...mark }));
    expect(await shared.rows(1)).toEqual([null, itemRow(1, 1)]);
  });
}
