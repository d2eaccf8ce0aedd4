import type { TableName } from '@sluice/envelope';
import { IdentitySet } from '../compare-rows.ts';
import type { ComparedTable } from '../compared-table.ts';
import { sourceRow, type ComparedSink, type SinkTable, type SourceRow } from '../sink-table.ts';
import type { RowConnection } from '../source-rows.ts';
import type { Findings } from './findings.ts';
import type { Pace } from './pace.ts';
import { compareRanges } from '../sums/compare-ranges.ts';
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
  readonly onRows: (rows: number) => void;
  /** Ends the comparison with what it has: rows that are not settled by then are said to be so. */
  readonly signal: AbortSignal;
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
}

const PAGE_ROWS = 1000;
/** Suspects that wait until they are settled together. */
const SUSPECTS_MAX = 2000;

/**
 * One table against every sink: by sums of key ranges where the sink's store is a server that can add up its rows, else row by row.
 * Memory: a page, the suspects, and 8 bytes per row and sink of those that are compared row by row.
 */
export async function compareTable(parts: TableParts): Promise<void> {
  const { table, sinks, isWhole, signal } = parts;
  const open = await Promise.all(
    [...sinks].map(async ([name, sink]): Promise<OpenTable> => {
      return { name, rows: await sink.open(table), seen: new IdentitySet(), suspects: [], expired: 0 };
    }),
  );
  const summed = isWhole ? await summedTables(open, parts) : new Map<OpenTable, SummedTable>();
  const byRow = open.filter((sink) => !summed.has(sink));
  if (byRow.length > 0) await unlessInterrupted(signal, () => comparePages(byRow, parts));
  for (const [at, [sink, sides]] of [...summed].entries()) {
    const isCounted = byRow.length === 0 && at === 0;
    await unlessInterrupted(signal, () => compareSummed(sink, sides, parts, isCounted));
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

/** @param isCounted whether the rows of the source are counted here: once for each table */
function compareSummed(
  sink: OpenTable,
  sides: SummedTable,
  parts: TableParts,
  isCounted: boolean,
): Promise<void> {
  const { table, pace, signal, findings } = parts;
  let count = 0;
  const onCompared = async (rows: number): Promise<void> => {
    count += rows;
    parts.onRows(count);
    findings.compared(sink.name, rows);
    if (isCounted) findings.read(rows);
    if (sink.suspects.length >= SUSPECTS_MAX) await settleAll(sink, parts);
  };
  return compareRanges({ sink, sides, table, pace, signal, onCompared });
}

/** What an operator has interrupted throws nothing: what was found so far counts. */
async function unlessInterrupted(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  try {
    if (!signal.aborted) await work();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function comparePages(open: readonly OpenTable[], parts: TableParts): Promise<void> {
  const { source, table, condition, findings, pace, signal } = parts;
  let count = 0;
  for await (const page of sourcePages(source, table, { condition, pageRows: PAGE_ROWS })) {
    signal.throwIfAborted();
    const rows = page.map((row) => sourceRow(table, row));
    await Promise.all(open.map((sink) => comparePage(rows, sink, parts)));
    findings.read(rows.length);
    count += rows.length;
    parts.onRows(count);
    await pace.took(rows.length);
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
  const counted = new Set<string>();
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
  for await (const identity of sink.rows.identities()) {
    parts.signal.throwIfAborted();
    if (sink.seen.has(identity) || counted.has(identity)) continue;
    counted.add(identity);
    if (batch.push(identity) >= PAGE_ROWS) await look();
  }
  if (batch.length > 0) await look();
}
