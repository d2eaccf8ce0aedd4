import { compareSequence } from '@sluice/envelope';
import type { RowDelivery } from './decode.ts';

export interface Coalesced {
  /** One delivery per key, by rising offset. */
  readonly winners: readonly RowDelivery[];
  /** The deliveries that a winner made needless, by its key, in log order. Keys that came once are absent. */
  readonly superseded: ReadonlyMap<string, readonly RowDelivery[]>;
}

/**
 * Keeps of every key the delivery with the highest sequence; of equal sequences the later one. Rows are full images, so
 * the newest says everything about its key; the others are remembered for the case that the newest is refused.
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
    const wins = compareSequence(row.envelope.payload.sequence, other.envelope.payload.sequence) >= 0;
    if (wins) best.set(row.key, row);
    const losers = superseded.get(row.key) ?? [];
    losers.push(wins ? other : row);
    superseded.set(row.key, losers);
  }
  if (superseded.size === 0) return { winners: rows, superseded };
  const winners = [...best.values()].sort((a, b) => (a.offset < b.offset ? -1 : 1));
  return { winners, superseded };
}
