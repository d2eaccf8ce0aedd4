import type { RowRecord } from './table-records.ts';

const SHOWN = 5;

/** Sequences of stream records that occur more than once, in one topic or in several. */
export function duplicateSequences(records: readonly RowRecord[]): string[] {
  const seen = new Set<string>();
  const twice: string[] = [];
  for (const { payload } of records) {
    if (payload.operation === 'SNAPSHOT') continue;
    if (seen.has(payload.sequence)) twice.push(payload.sequence);
    seen.add(payload.sequence);
  }
  return twice.slice(0, SHOWN);
}

/** Without stream records whose sequence came before: changes that were published once more. */
export function withoutRepeats(records: readonly RowRecord[]): RowRecord[] {
  const seen = new Set<string>();
  return records.filter(({ payload: { operation, sequence } }) => {
    if (operation === 'SNAPSHOT') return true;
    const isNew = !seen.has(sequence);
    seen.add(sequence);
    return isNew;
  });
}

/**
 * Follows each key through its partition: `before` must be the `after` of the record before, sequences must rise, an insert
 * must meet no row. Returns what does not fit, and the rows that are alive at the end by record key.
 */
export function followKeys(records: readonly RowRecord[]): {
  readonly breaks: string[];
  readonly alive: Map<string, string>;
} {
  const breaks: string[] = [];
  const alive = new Map<string, string>();
  const newest = new Map<string, string>();
  for (const { partition, key, payload } of records) {
    const { operation, sequence, before, after } = payload;
    const where = `${key} in partition ${partition} at ${sequence} (${operation})`;
    if (sequence <= (newest.get(key) ?? '')) breaks.push(`${where}: after ${newest.get(key)}`);
    newest.set(key, sequence);
    const held = alive.get(key) ?? null;
    const claimed = before === null ? null : JSON.stringify(before);
    if (operation !== 'SNAPSHOT' && claimed !== held) {
      breaks.push(`${where}: before is ${claimed}, the row was ${held}`);
    }
    if (after === null) alive.delete(key);
    else alive.set(key, JSON.stringify(after));
  }
  return { breaks: breaks.slice(0, SHOWN), alive };
}

export interface BagComparison {
  readonly missing: number;
  readonly surplus: number;
  /** The first few texts that are on one side only, or more often. */
  readonly examples: readonly string[];
}

export const SAME: BagComparison = { missing: 0, surplus: 0, examples: [] };

/** Compares two collections in which order does not count but number does; a summary, however large they are. */
export function compareBags(found: readonly string[], expected: readonly string[]): BagComparison {
  const open = new Map<string, number>();
  for (const text of expected) open.set(text, (open.get(text) ?? 0) + 1);
  for (const text of found) open.set(text, (open.get(text) ?? 0) - 1);
  const unequal = [...open].filter(([, count]) => count !== 0);
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  return {
    missing: sum(unequal.map(([, count]) => Math.max(0, count))),
    surplus: sum(unequal.map(([, count]) => Math.max(0, -count))),
    examples: unequal.slice(0, SHOWN).map(([text, count]) => `${count > 0 ? 'missing' : 'surplus'}: ${text}`),
  };
}
