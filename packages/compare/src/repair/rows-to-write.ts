import { decodeEnvelope } from '@sluice/envelope';
import type { Delivery } from '@sluice/sink-kit';
import { keyIsOf } from '../running/source-pages.ts';
import { lookAgain, type Suspect } from '../running/suspects.ts';
import type { RepairParts, RepairRecord, RowsAtPoint } from './repair-parts.ts';
import { rowKeyOf, suspectAt } from './report-rows.ts';

/** More than keys were asked for: a collation may take several texts for one. */
const READ_MAX = 10_000;
/** Rows of a batch, with those that give way to them, and those that give way to these. */
const MOVED_MAX = 2000;
const UNREADABLE =
  'a row of the store holds a value of it that is there once only, under a key that the source cannot have: look at it by hand';
const TOO_MANY = `more than ${MOVED_MAX} rows would have to give way to each other: take a snapshot of the table`;

/** The rows as they are at the source now, in the order of the suspects; of those that it has not, that they are deleted. */
export async function recordsOf(
  open: readonly Suspect[],
  point: RowsAtPoint,
  { table }: RepairParts,
): Promise<Delivery[]> {
  const keys = open.flatMap(({ row }) => (row === null ? [] : [row.keyLiterals]));
  const found = await point.read(keyIsOf(table, keys), READ_MAX);
  const byKey = new Map(found.map((record) => [record.rowKey, record]));
  return open.map(({ row }) => {
    const rowKey = rowKeyOf(table, row?.values ?? []);
    return deliveryOf(byKey.get(rowKey) ?? point.deletion(rowKey));
  });
}

function deliveryOf({ topic, partition, key, rowKey, value }: RepairRecord): Delivery {
  // It stands at no offset: a replay moves none.
  return { topic, partition, offset: 0n, next: 0n, key, rowKey, envelope: decodeEnvelope(value), value };
}

/** Rows, and in the same order what is written of them. */
export interface RowsToWrite {
  readonly suspects: readonly Suspect[];
  readonly deliveries: readonly Delivery[];
  /** Row keys of those that another of them takes the place of. */
  readonly gaveWay: ReadonlySet<string>;
}

/**
 * With the rows that the store takes away for these: they are kept, and written as the source has them, in the same step. Otherwise they
 * would be gone, from the undo file too. Resolves to a text where that cannot be.
 */
export async function withDisplaced(
  { suspects: [...suspects], deliveries: [...deliveries] }: Omit<RowsToWrite, 'gaveWay'>,
  point: RowsAtPoint,
  parts: RepairParts,
): Promise<RowsToWrite | string> {
  const { table, rows, store } = parts;
  const known = new Set(deliveries.map(({ rowKey }) => rowKey));
  const gaveWay = new Set<string>();
  for (let fresh: readonly Delivery[] = deliveries; ;) {
    const more: Suspect[] = [];
    for (const key of (await store.displaced?.(fresh, table)) ?? []) {
      const suspect = suspectAt(table, rows, key);
      if (suspect?.row === null || suspect === null) return UNREADABLE;
      const rowKey = rowKeyOf(table, suspect.row.values);
      gaveWay.add(rowKey);
      if (!known.has(rowKey)) more.push(suspect);
      known.add(rowKey);
    }
    if (more.length === 0) return { suspects, deliveries, gaveWay };
    if (suspects.length + more.length > MOVED_MAX) return TOO_MANY;
    const looked = await lookAgain(more, parts);
    fresh = await recordsOf(looked, point, parts);
    suspects.push(...looked);
    deliveries.push(...fresh);
  }
}
