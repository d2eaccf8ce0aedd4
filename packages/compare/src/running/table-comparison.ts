import { tableIdOf, type TableName } from '@sluice/envelope';
import { IdentitySet } from '../compare-rows.ts';
import type { ComparedTable } from '../compared-table.ts';
import { sourceRow, type ComparedSink, type SinkTable, type SourceRow } from '../sink-table.ts';
import { canonicalValues, type RowConnection, type ServerRow } from '../source-rows.ts';
import type { Findings } from './findings.ts';
import type { Pace } from './pace.ts';
import type { PlaceKeeper } from './place-keeper.ts';
import {
  keptSuspect,
  NOTHING_REACHED,
  PlaceRefused,
  reached,
  shapeOf,
  suspectOf,
  type Reached,
  type RunningPlace,
  type TablePlace,
} from './place.ts';
import { compareRanges } from '../sums/compare-ranges.ts';
import type { KeyLiterals } from '../sums/key-range.ts';
import { summedTable, type SummedTable } from '../sums/summed-table.ts';
import { sourcePages } from './source-pages.ts';
import { isEqual, isExpired, settle, strayOf, type Suspect } from './suspects.ts';

export interface TableParts {
  readonly source: RowConnection;
  readonly table: ComparedTable;
  /** SQL that a row must fulfil; null for all rows. */
  readonly condition: string | null;
  /** Whether all rows of the table are compared: only then a row of a sink can be one too many. */
  readonly isWhole: boolean;
  readonly sinks: ReadonlyMap<string, ComparedSink>;
  readonly findings: Findings;
  readonly pace: Pace;
  readonly applied: (sink: string, table: TableName) => Promise<string | null>;
  /** @param before of them by an earlier run */
  readonly onRows: (rows: number, before: number) => void;
  /** Ends the comparison with what it has: rows that are not settled by then are said to be so. */
  readonly signal: AbortSignal;
  /** Where an earlier run was in this table; null: at its begin. */
  readonly kept: TablePlace | null;
  readonly keeper: PlaceKeeper;
}

export const INTERRUPTED = 'the comparison was interrupted';

interface OpenTable {
  readonly name: string;
  readonly rows: SinkTable;
  /** Rows of the source that were looked for. */
  readonly seen: IdentitySet;
  suspects: Suspect[];
  /** Rows that it does not have, and need not have. */
  expired: number;
  /** How far it is compared by sums; null where it is compared row by row. */
  sums: Reached | null;
}

/** A table while it is compared. */
interface Course {
  readonly open: readonly OpenTable[];
  readonly shape: string;
  /** How far the sinks that are compared row by row are. */
  pages: Reached;
}

const PAGE_ROWS = 1000;
/** Keys that are read again in one SELECT, and what one costs the source, of what reading a row costs. */
const KEYS_AT_ONCE = 10_000;
const KEY_COST = 1 / 20;
/** Suspects that wait until they are settled together. */
const SUSPECTS_MAX = 2000;

/**
 * One table against every sink: by sums of key ranges where the sink's store is a server that can add up its rows, else row by row.
 * Memory: a page, the suspects, and 8 bytes per row and sink of those that are compared row by row. Throws PlaceRefused when the table is
 * other than when the place was kept.
 */
export async function compareTable(parts: TableParts): Promise<void> {
  const { table, sinks, isWhole, signal } = parts;
  const open = await Promise.all(
    [...sinks].map(async ([name, sink]): Promise<OpenTable> => {
      const rows = await sink.open(table);
      return { name, rows, seen: new IdentitySet(), suspects: [], expired: 0, sums: null };
    }),
  );
  const summed = isWhole ? await summedTables(open, parts) : new Map<OpenTable, SummedTable>();
  const course = courseOf(open, summed, parts);
  const byRow = open.filter((sink) => !summed.has(sink));
  if (byRow.length > 0) await unlessInterrupted(signal, () => comparePages(byRow, course, parts));
  for (const [at, [sink, sides]] of [...summed].entries()) {
    const isCounted = byRow.length === 0 && at === 0;
    await unlessInterrupted(signal, () => compareSummed({ sink, sides, isCounted, course }, parts));
  }
  await Promise.all(
    open.map(async (sink) => {
      if (isWhole && !summed.has(sink)) await unlessInterrupted(signal, () => findStrays(sink, parts));
      await settleAll(sink, parts);
    }),
  );
  for (const { name, expired } of open)
    if (expired > 0)
      parts.findings.remark(
        `${expired} rows that sink ${name} does not have were not compared: rows end there by themselves`,
      );
}

/** Puts the sinks where an earlier run was with them. */
function courseOf(
  open: readonly OpenTable[],
  summed: ReadonlyMap<OpenTable, SummedTable>,
  { table, condition, kept }: TableParts,
): Course {
  const sinks = open.map((sink) => ({ name: sink.name, isSummed: summed.has(sink) }));
  const shape = shapeOf(table, condition, sinks);
  for (const sink of summed.keys()) sink.sums = NOTHING_REACHED;
  if (kept === null) return { open, shape, pages: NOTHING_REACHED };
  if (kept.shape !== shape)
    throw new PlaceRefused(`the columns, key or sinks of ${kept.table} are others than when it began`);
  for (const sink of open) {
    const { sums = sink.sums, expired = 0, suspects = [] } = kept.sinks[sink.name] ?? {};
    Object.assign(sink, { sums, expired, suspects: suspects.map((suspect) => suspectOf(suspect, table)) });
  }
  return { open, shape, pages: kept.pages };
}

function placeOf({ open, shape, pages }: Course, { table, findings }: TableParts): RunningPlace {
  const sinks = open.map(({ name, sums, expired, suspects }) => {
    return [
      name,
      { sums, expired, suspects: suspects.map((suspect) => keptSuspect(suspect, table)) },
    ] as const;
  });
  return {
    found: findings.found,
    table: { table: tableIdOf(table), shape, pages, sinks: Object.fromEntries(sinks) },
  };
}

/** The sinks that can be compared by sums. Of others with a server, why they cannot is said. */
async function summedTables(
  open: readonly OpenTable[],
  { source, table, findings }: TableParts,
): Promise<ReadonlyMap<OpenTable, SummedTable>> {
  const summed = new Map<OpenTable, SummedTable>();
  for (const sink of open) {
    if (sink.rows.copy === undefined) continue;
    const sides = await summedTable(source, table, sink.rows.copy);
    if (typeof sides === 'string') findings.remark(`compared with sink ${sink.name} row by row: ${sides}`);
    else summed.set(sink, sides);
  }
  return summed;
}

interface SummedCourse {
  readonly sink: OpenTable;
  readonly sides: SummedTable;
  /** Whether the rows of the source are counted here: once for each table. */
  readonly isCounted: boolean;
  readonly course: Course;
}

async function compareSummed(
  { sink, sides, isCounted, course }: SummedCourse,
  parts: TableParts,
): Promise<void> {
  const { table, pace, signal, findings, keeper } = parts;
  const before = sink.sums ?? NOTHING_REACHED;
  if (before.isEnd) return;
  let count = before.rows;
  const onCompared = async (rows: number): Promise<void> => {
    count += rows;
    parts.onRows(count, before.rows);
    findings.compared(sink.name, rows);
    if (isCounted) findings.read(rows);
    if (sink.suspects.length >= SUSPECTS_MAX) await settleAll(sink, parts);
  };
  const onRange = async (upTo: KeyLiterals | null): Promise<void> => {
    sink.sums = reached(upTo, count);
    await keeper.at(() => placeOf(course, parts));
  };
  const { upTo: after } = before;
  return compareRanges({ sink, sides, table, pace, signal, onCompared, after, onRange });
}

/** What an operator has interrupted throws nothing: what was found so far counts. */
async function unlessInterrupted(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  try {
    if (!signal.aborted) await work();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function comparePages(open: readonly OpenTable[], course: Course, parts: TableParts): Promise<void> {
  const { source, table, condition, findings, pace, signal, keeper } = parts;
  const before = course.pages;
  if (before.isEnd || before.upTo !== null) await seeAgain(open, before.upTo, parts);
  if (before.isEnd) return;
  let count = before.rows;
  const wanted = { condition, pageRows: PAGE_ROWS, after: before.upTo };
  for await (const page of sourcePages(source, table, wanted)) {
    signal.throwIfAborted();
    const rows = page.rows.map((row) => sourceRow(table, row));
    await Promise.all(open.map((sink) => comparePage(rows, sink, parts)));
    findings.read(rows.length);
    count += rows.length;
    parts.onRows(count, before.rows);
    course.pages = reached(page.end, count);
    await keeper.at(() => placeOf(course, parts));
    await pace.took(rows.length);
  }
}

/** Rows that an earlier run has looked for, by their keys alone: so a row that the source has is none that only a sink has. */
async function seeAgain(
  open: readonly OpenTable[],
  upTo: KeyLiterals | null,
  { source, table, condition, isWhole, pace, signal }: TableParts,
): Promise<void> {
  if (!isWhole) return;
  const columns = table.columns.filter((_, place) => table.key.includes(place));
  const key = table.key.map((place) => columns.indexOf(table.columns[place] ?? columns[0]!));
  const keys = { ...table, columns, key };
  const values = (row: ServerRow): string[] => {
    const own = canonicalValues(columns, row);
    return table.columns.map((column) => own[columns.indexOf(column)] ?? 'null');
  };
  for await (const { rows } of sourcePages(source, keys, { condition, pageRows: KEYS_AT_ONCE, upTo })) {
    signal.throwIfAborted();
    for (const row of rows) for (const sink of open) sink.seen.add(sink.rows.identity(values(row)));
    await pace.took(rows.length * KEY_COST);
  }
}

async function comparePage(rows: readonly SourceRow[], sink: OpenTable, parts: TableParts): Promise<void> {
  const found = await sink.rows.fetch(rows);
  let expired = 0;
  for (const [index, row] of rows.entries()) {
    const identity = sink.rows.identity(row.values);
    sink.seen.add(identity);
    const suspect = { identity, isOfSource: true, row, source: row.values, found: found[index] ?? null };
    if (isExpired(suspect, sink.rows)) expired += 1;
    else if (!isEqual(suspect, parts.table)) sink.suspects.push(suspect);
  }
  sink.expired += expired;
  parts.findings.compared(sink.name, rows.length - expired);
  if (sink.suspects.length >= SUSPECTS_MAX) await settleAll(sink, parts);
}

async function settleAll(sink: OpenTable, parts: TableParts): Promise<void> {
  const { source, table, findings, signal } = parts;
  const { name, rows, suspects } = sink;
  sink.suspects = [];
  const applied = async (): Promise<string | null> => {
    try {
      return signal.aborted ? INTERRUPTED : await parts.applied(name, table);
    } catch (error) {
      if (signal.aborted) return INTERRUPTED;
      throw error;
    }
  };
  const verdicts = await settle(suspects, { source, table, rows, applied });
  for (const verdict of verdicts) findings.note(name, verdict);
}

/** Rows of the store that were not looked for: the source has them by now, or they are too many. */
async function findStrays(sink: OpenTable, parts: TableParts): Promise<void> {
  // All of them first: a store does not wait with the rest of its rows until suspects are settled, which may take minutes.
  const strays = new Set<string>();
  for await (const identity of sink.rows.identities()) {
    parts.signal.throwIfAborted();
    if (!sink.seen.has(identity)) strays.add(identity);
  }
  let batch: string[] = [];
  const look = async (): Promise<void> => {
    const found = await sink.rows.fetchStored(batch);
    for (const [index, identity] of batch.entries()) {
      const row = found[index] ?? null;
      if (row !== null) sink.suspects.push(strayOf(parts.table, sink.rows, identity, row));
    }
    batch = [];
    if (sink.suspects.length >= SUSPECTS_MAX) await settleAll(sink, parts);
  };
  for (const identity of strays) {
    parts.signal.throwIfAborted();
    if (batch.push(identity) >= PAGE_ROWS) await look();
  }
  if (batch.length > 0) await look();
}
