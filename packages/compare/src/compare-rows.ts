import { hash } from 'node:crypto';
import { tableIdOf } from '@sluice/envelope';
import type { ComparedRow, ComparedTable } from './compared-table.ts';

/** One row that is not the same on both sides. Holds row values: for people, not for logs. */
export interface Difference {
  readonly sink: string;
  readonly kind: 'different' | 'missing' | 'extra';
  /** `database.table` */
  readonly table: string;
  /** The row's identity in the sink. */
  readonly key: string;
  /** The first column that differs. */
  readonly column?: string;
  /** JSON in canonical form. */
  readonly source?: string;
  readonly found?: string;
}

export interface SinkComparison {
  /** Rows of the source that were looked for in the sink. */
  readonly compared: number;
  readonly different: number;
  readonly missing: number;
  readonly extra: number;
  /** The first ones found. */
  readonly examples: readonly Difference[];
}

const MOST_EXAMPLES = 20;

/** Counts of one sink over all its tables. */
export class ComparisonTally {
  readonly #sink: string;
  readonly #counts = { different: 0, missing: 0, extra: 0 };
  readonly #examples: Difference[] = [];
  #compared = 0;

  constructor(sink: string) {
    this.#sink = sink;
  }

  /** One row of the source and what the sink holds under its key; null when it holds nothing. */
  compare(table: ComparedTable, key: string, source: readonly string[], found: ComparedRow | null): void {
    this.#compared += 1;
    if (found === null) return this.#note({ kind: 'missing', table: tableIdOf(table), key });
    const difference = firstDifference(table, source, found);
    if (difference !== null) this.#note({ kind: 'different', table: tableIdOf(table), key, ...difference });
  }

  extra(table: ComparedTable, key: string): void {
    this.#note({ kind: 'extra', table: tableIdOf(table), key });
  }

  result(): SinkComparison {
    return { compared: this.#compared, ...this.#counts, examples: [...this.#examples] };
  }

  #note(difference: Omit<Difference, 'sink'>): void {
    this.#counts[difference.kind] += 1;
    if (this.#examples.length < MOST_EXAMPLES) this.#examples.push({ sink: this.#sink, ...difference });
  }
}

export type ColumnDifference = Required<Pick<Difference, 'column' | 'source' | 'found'>>;

/** Null when the rows are equal, value for value. */
export function firstDifference(
  table: Pick<ComparedTable, 'columns'>,
  source: readonly string[],
  found: ComparedRow,
): ColumnDifference | null {
  return columnDifferences(table, source, found).next().value ?? null;
}

/** Every column that is not the same on both sides. */
export function* columnDifferences(
  table: Pick<ComparedTable, 'columns'>,
  source: readonly string[],
  found: ComparedRow,
): Generator<ColumnDifference, undefined> {
  for (const [place, column] of table.columns.entries()) {
    const expected = source[place] ?? 'absent';
    const actual = found.values[place];
    if (actual === expected || (actual === undefined && column.generated)) continue;
    yield { column: column.name, source: expected, found: actual ?? 'absent' };
  }
  for (const stranger of found.strangers) yield { column: stranger, source: 'absent', found: 'present' };
}

/**
 * Which identities the source has, in eight bytes each. 48 bits of SHA-256: among a million rows, a stranger is
 * taken for one of them once in 280 million times.
 */
export class IdentitySet {
  #hashes = new Float64Array(1024);
  #size = 0;
  #sorted = true;

  add(identity: string): void {
    if (this.#size === this.#hashes.length) {
      const larger = new Float64Array(this.#size * 2);
      larger.set(this.#hashes);
      this.#hashes = larger;
    }
    this.#hashes[this.#size] = hashOf(identity);
    this.#size += 1;
    this.#sorted = false;
  }

  has(identity: string): boolean {
    if (!this.#sorted) this.#hashes.subarray(0, this.#size).sort();
    this.#sorted = true;
    const wanted = hashOf(identity);
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#hashes[middle] ?? Infinity) < wanted) low = middle + 1;
      else high = middle;
    }
    return low < this.#size && this.#hashes[low] === wanted;
  }
}

const hashOf = (identity: string): number => hash('sha256', identity, 'buffer').readUIntBE(0, 6);

/** One line for a person, long values cut. */
export function describeDifference(difference: Difference): string {
  const { sink, table, key, kind, column, source, found } = difference;
  const where = `${sink} ${table} ${cut(key)}`;
  return column === undefined
    ? `${where}: ${kind}`
    : `${where}: ${column} is ${cut(found)}, in the source ${cut(source)}`;
}

const cut = (text = ''): string => (text.length > 120 ? `${text.slice(0, 120)}…` : text);
