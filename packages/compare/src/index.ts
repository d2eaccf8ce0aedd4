import { tableIdOf, type TableName } from '@sluice/envelope';
import { ComparisonTally, IdentitySet } from './compare-rows.ts';
import type { SinkComparison } from './compare-rows.ts';
import { readComparedTable } from './compared-table.ts';
import type { ComparedTable } from './compared-table.ts';
import { openStore } from './open-store.ts';
import { sourceRow, type ComparedSink, type SinkTable, type SourceRow } from './sink-table.ts';
import { openRowConnection, sourceChunks } from './source-rows.ts';
import type { MysqlAddress, RowConnection } from './source-rows.ts';

export { describeDifference, type Difference, type SinkComparison } from './compare-rows.ts';
export { listTables, type ComparedColumn, type ComparedRow, type ComparedTable } from './compared-table.ts';
export { isExactObject, parseExactJson, type ExactJson } from './exact-json.ts';
export {
  compareRunning,
  type CompareProgress,
  type CompareScope,
  type RunningOptions,
} from './running/compare-running.ts';
export {
  compareReportSchema,
  REPORT_VERSION,
  type CompareReport,
  type RunningFindings,
} from './running/report.ts';
export {
  comparePlaceSchema,
  PLACE_VERSION,
  PlaceRefused,
  type ComparePlace,
  type RunningPlace,
} from './running/place.ts';
export { isOutage } from './running/outage.ts';
export type { KeptPlace } from './running/place-keeper.ts';
export { readRunningTable, type PublishedColumn, type PublishedTable } from './running/running-table.ts';
export { Pace } from './running/pace.ts';
export { openStore } from './open-store.ts';
export type { RepairParts, RowsAtPoint } from './repair/repair-parts.ts';
export { repairRows, type RowFate } from './repair/repair-table.ts';
export { SQL_FILE_HEAD } from '@sluice/mysql';
export { copyStatements } from './repair/copy-statements.ts';
export { readReport, type ReportedRow } from './repair/report-rows.ts';
export {
  openStoreRepair,
  type OpenRepair,
  type RepairedSink,
  type RowPlace,
  type StoreRepair,
  type UndoneRow,
} from './repair/store-repair.ts';
export { UNDO_VERSION, UndoFile, undoLines, type UndoHead, type UndoLine } from './repair/undo-file.ts';
export {
  keyLiterals,
  keyTexts,
  rowOfDocument,
  unreadableRow,
  type ComparedSink,
  type ServerCopy,
  type SinkTable,
  type SourceRow,
} from './sink-table.ts';
export { canonicalValues, openRowConnection, selectList, sourceChunks, streamRows } from './source-rows.ts';
export type { MysqlAddress, RowConnection, ServerRow } from './source-rows.ts';

export interface CompareOptions {
  readonly source: MysqlAddress;
  readonly tables: readonly TableName[];
  /** Settings of sinks by their names, as in `sinks` of sluice.yaml: where the stores are. What has a default may be missing. */
  readonly sinks: Readonly<Record<string, object>>;
  /** `database.table` → key columns, for tables without a primary key. */
  readonly keys?: Readonly<Record<string, readonly string[]>>;
  /** Rows read and looked up at once; default 1,000. */
  readonly chunkRows?: number;
  readonly onTable?: (table: string, rows: number) => void;
  readonly signal?: AbortSignal;
}

export interface Comparison {
  /** Rows of all tables in the source. */
  readonly rows: number;
  /** One entry for each sink that was given. */
  readonly sinks: Readonly<Record<string, SinkComparison>>;
}

interface OpenSink {
  readonly name: string;
  readonly sink: ComparedSink;
  readonly tally: ComparisonTally;
}

/**
 * Reads every row of the tables from the source and looks it up in each sink, value by value; then goes through all
 * rows of the sinks for those that the source has not. The source must be quiet and the sinks caught up: a row on
 * its way counts as a difference. Memory: one chunk, and 8 bytes per row and sink.
 * Throws when a server does not answer, a table has no key or a sink no `./compare`; never for a difference.
 */
export async function compareSinks(options: CompareOptions): Promise<Comparison> {
  const sinks: OpenSink[] = [];
  const source = await openRowConnection(options.source);
  try {
    for (const [name, settings] of Object.entries(options.sinks)) {
      sinks.push({ name, sink: await openStore(name, settings), tally: new ComparisonTally(name) });
    }
    let rows = 0;
    for (const name of options.tables) {
      const table = await readComparedTable(source.promise, name, options.keys?.[tableIdOf(name)]);
      const tableRows = await compareTable(source, table, sinks, options);
      options.onTable?.(tableIdOf(name), tableRows);
      rows += tableRows;
    }
    return { rows, sinks: Object.fromEntries(sinks.map(({ name, tally }) => [name, tally.result()])) };
  } finally {
    await Promise.allSettled([source.close(), ...sinks.map(({ sink }) => sink.close())]);
  }
}

interface OpenTable {
  readonly tally: ComparisonTally;
  readonly rows: SinkTable;
  readonly seen: IdentitySet;
}

async function compareTable(
  source: RowConnection,
  table: ComparedTable,
  sinks: readonly OpenSink[],
  options: CompareOptions,
): Promise<number> {
  const open = sinks.map(async ({ sink, tally }) => ({
    tally,
    rows: await sink.open(table),
    seen: new IdentitySet(),
  }));
  const sinkTables = await Promise.all(open);
  let count = 0;
  for await (const chunk of sourceChunks(source, table, options.chunkRows ?? 1000)) {
    options.signal?.throwIfAborted();
    const rows = chunk.map((row) => sourceRow(table, row));
    await Promise.all(sinkTables.map((sinkTable) => compareChunk(table, rows, sinkTable)));
    count += rows.length;
  }
  await Promise.all(sinkTables.map((sinkTable) => findExtraRows(table, sinkTable)));
  return count;
}

async function compareChunk(
  table: ComparedTable,
  rows: readonly SourceRow[],
  sink: OpenTable,
): Promise<void> {
  const found = await sink.rows.fetch(rows);
  for (const [index, row] of rows.entries()) {
    const identity = sink.rows.identity(row.values);
    sink.seen.add(identity);
    const stored = found[index] ?? null;
    if (stored === null && sink.rows.mayExpire === true) continue;
    sink.tally.compare(table, identity, row.values, stored);
  }
}

async function findExtraRows(table: ComparedTable, sink: OpenTable): Promise<void> {
  const counted = new Set<string>();
  for await (const identity of sink.rows.identities()) {
    if (sink.seen.has(identity) || counted.has(identity)) continue;
    counted.add(identity);
    sink.tally.extra(table, identity);
  }
}
