import { compareSequence } from '@sluice/envelope';
import type { RowDelivery } from './decode.ts';
import type { Delivery } from './sink.ts';

export interface Coalesced {
  /** One delivery per key, by rising offset. */
  readonly winners: readonly RowDelivery[];
  /** The deliveries that a winner made needless, by its key, in log order. Keys that came once are absent. */
  readonly superseded: ReadonlyMap<string, readonly RowDelivery[]>;
}

/**
 * Keeps of every key the delivery that a store would end up with: the highest sequence; of equal ones the first, unless a
 * snapshot's row comes later. Rows are full images, so that one says everything about its key; the others are remembered
 * for the case that it is refused.
 */
export function coalesce(rows: readonly RowDelivery[]): Coalesced {
  const best = new Map<string, RowDelivery>();
  const superseded = new Map<string, RowDelivery[]>();
  for (const row of rows) {
    const other = best.get(row.key);
    if (other === undefined) {
      best.set(row.key, row);
      continue;
    }
    const wins = replaces(row, other);
    if (wins) best.set(row.key, row);
    const losers = superseded.get(row.key) ?? [];
    losers.push(wins ? other : row);
    superseded.set(row.key, losers);
  }
  if (superseded.size === 0) return { winners: rows, superseded };
  const winners = [...best.values()].sort((a, b) => (a.offset < b.offset ? -1 : 1));
  return { winners, superseded };
}

function replaces({ envelope }: RowDelivery, other: RowDelivery): boolean {
  const order = compareSequence(envelope.payload.sequence, other.envelope.payload.sequence);
  return order > 0 || (order === 0 && envelope.payload.operation === 'SNAPSHOT');
}

/**
 * Takes back what `coalesce` did for deliveries that were refused: they and those they stood for, in log order, cut wherever
 * a key comes again. In log order, because a store that keeps offsets would store one beyond a row not yet written.
 * Empty when they stood for nothing; what is given back is removed from `superseded`.
 */
export function takeApart(
  refused: readonly Delivery[],
  superseded: Map<string, readonly Delivery[]>,
): readonly (readonly Delivery[])[] {
  const older = refused.flatMap(({ key }) => superseded.get(key) ?? []);
  if (older.length === 0) return [];
  for (const { key } of refused) superseded.delete(key);
  const runs: Delivery[][] = [];
  let keys = new Set<string>();
  for (const delivery of [...refused, ...older].sort((a, b) => (a.offset < b.offset ? -1 : 1))) {
    if (runs.length === 0 || keys.has(delivery.key)) {
      runs.push([]);
      keys = new Set();
    }
    runs.at(-1)?.push(delivery);
    keys.add(delivery.key);
  }
  return runs;
}
