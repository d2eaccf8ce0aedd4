import { canonicalValues, type ServerRow } from '../source-rows.ts';
import type { ComparedTable } from '../compared-table.ts';
import { sourceRow, type SinkTable, type SourceRow } from '../sink-table.ts';
import { isEqual, strayOf, type Suspect } from '../running/suspects.ts';
import type { Pace } from '../running/pace.ts';
import type { KeyLiterals, KeyRange } from './key-range.ts';
import { endOf, isSameSum, rowsIn, sumOf } from './side-queries.ts';
import type { SummedTable } from './summed-table.ts';

export interface RangeParts {
  readonly table: ComparedTable;
  readonly pace: Pace;
  readonly signal: AbortSignal;
  readonly sink: { readonly rows: SinkTable; readonly suspects: Suspect[] };
  readonly sides: SummedTable;
  /** So many rows of the source were compared, and suspects may have come. */
  readonly onCompared: (rows: number) => Promise<void>;
  /** Ranges up to this key were compared by an earlier run; null: none. */
  readonly after: KeyLiterals | null;
  /** Everything up to this key, null: to the end, is compared, or a suspect. */
  readonly onRange: (upTo: KeyLiterals | null) => Promise<void>;
}

/** Rows of a range that is added up at once: at first, and by how long it takes. */
const FIRST_ROWS = 10_000;
const [LEAST_ROWS, MOST_ROWS] = [2000, 50_000];
const [SHORT_MS, LONG_MS] = [200, 1000];
/** Rows of a part of a range that differs; a part that differs is compared row by row. */
const PART_ROWS = 1000;
/** Parts of a range that differ one behind the other: then its rest is not added up any more. */
const DIFFERENT_MAX = 4;
/** What adding up a row costs the source, of what reading it costs. */
const SUM_COST = 1 / 20;

/**
 * Compares a whole table with its copy on a server, both ways: by counts and sums of ranges of keys, then of parts of those ranges that
 * differ, then row by row. Rows that are not equal become suspects.
 */
export async function compareRanges(parts: RangeParts): Promise<void> {
  const { sides, table, signal } = parts;
  let { after } = parts;
  let rows = FIRST_ROWS;
  do {
    signal.throwIfAborted();
    const upTo: KeyLiterals | null = await endOf(sides.source, table, { after, upTo: null }, rows);
    const range = { after, upTo };
    const startedAt = performance.now();
    const isSame = await compareSums(range, parts);
    const tookMs = performance.now() - startedAt;
    if (!isSame) await compareByParts(range, parts);
    if (tookMs > LONG_MS) rows = Math.max(LEAST_ROWS, rows / 2);
    else if (tookMs < SHORT_MS) rows = Math.min(MOST_ROWS, rows * 2);
    await parts.onRange(upTo);
    after = upTo;
  } while (after !== null);
}

/** Whether the range is equal; its rows are counted then. */
async function compareSums(range: KeyRange, { sides, pace, onCompared }: RangeParts): Promise<boolean> {
  const [own, theirs] = await Promise.all([sumOf(sides.source, range), sumOf(sides.copy, range)]);
  await pace.took(own.rows * SUM_COST);
  if (!isSameSum(own, theirs)) return false;
  await onCompared(own.rows);
  return true;
}

async function compareByParts(range: KeyRange, parts: RangeParts): Promise<void> {
  const { sides, table, signal } = parts;
  let after = range.after;
  let different = 0;
  do {
    signal.throwIfAborted();
    const rest = { after, upTo: range.upTo };
    const upTo = await endOf(sides.source, table, rest, PART_ROWS);
    const part = { after, upTo };
    const isSame = different < DIFFERENT_MAX && (await compareSums(part, parts));
    different = isSame ? 0 : different + 1;
    if (!isSame) await compareRows(part, parts);
    after = upTo;
  } while (after !== range.upTo);
}

async function compareRows(part: KeyRange, parts: RangeParts): Promise<void> {
  const { sides, table, sink, pace, onCompared } = parts;
  const wanted = new Map<string, SourceRow>();
  for await (const row of rowsIn(sides.source, part)) {
    const found = sourceRow(table, row);
    wanted.set(sink.rows.identity(found.values), found);
  }
  const count = wanted.size;
  // The copy may have any number of rows there.
  let after = part.after;
  do {
    const upTo = await endOf(sides.copy, table, { after, upTo: part.upTo }, PART_ROWS);
    for await (const row of rowsIn(sides.copy, { after, upTo })) {
      const suspect = suspectOf(row, wanted, parts);
      if (!isEqual(suspect, table)) sink.suspects.push(suspect);
    }
    await onCompared(0);
    after = upTo;
  } while (after !== part.upTo);
  for (const [identity, row] of wanted) sink.suspects.push(missing(identity, row));
  await onCompared(count);
  await pace.took(count);
}

/** A row of the copy, and the one of the source under its key, which is wanted no more then. */
function suspectOf(row: ServerRow, wanted: Map<string, SourceRow>, parts: RangeParts): Suspect {
  const { table, sink } = parts;
  const found = { values: foundValues(row, parts), strangers: [] };
  const identity = sink.rows.identity(found.values);
  const own = wanted.get(identity);
  wanted.delete(identity);
  if (own === undefined) return strayOf(table, sink.rows, identity, found);
  return { identity, isOfSource: true, row: own, source: own.values, found };
}

const missing = (identity: string, row: SourceRow): Suspect => ({
  identity,
  isOfSource: true,
  row,
  source: row.values,
  found: null,
});

/** Undefined where the copy has no such column. */
function foundValues(row: ServerRow, { table, sides }: RangeParts): (string | undefined)[] {
  const values = canonicalValues(table.columns, row);
  return values.map((value, place) => (sides.copy.selected[place] === 'NULL' ? undefined : value));
}
