import { tableIdOf, type TableName } from '@sluice/envelope';
import type { RowDataPacket } from 'mysql2/promise';
import { openStore } from '../open-store.ts';
import type { ComparedTable } from '../compared-table.ts';
import type { ComparedSink } from '../sink-table.ts';
import { openRowConnection, type MysqlAddress, type RowConnection } from '../source-rows.ts';
import { Findings } from './findings.ts';
import { Pace } from './pace.ts';
import type { RunningFindings } from './report.ts';
import { PlaceKeeper, type KeptPlace } from './place-keeper.ts';
import { PlaceRefused, type RunningPlace, type TablePlace } from './place.ts';
import { readRunningTable, type PublishedTable } from './running-table.ts';
import { keyRange, keyShare } from './source-pages.ts';
import { compareTable, INTERRUPTED } from './table-comparison.ts';

export interface RunningOptions {
  readonly source: MysqlAddress;
  readonly tables: readonly PublishedTable[];
  /** Settings of sinks by their names, as in `sinks` of sluice.yaml. */
  readonly sinks: Readonly<Record<string, object>>;
  /** Whether a sink takes a table; or why it need not have its rows as they are. */
  readonly takes: (sink: string, table: TableName) => boolean | string;
  readonly scope: CompareScope;
  /** Rows of the source that are read in a second, at most. */
  readonly rowsPerSecond: number;
  /**
   * Resolves when the sink has applied all that was committed at the source when this was called: null; or to why that cannot be
   * known.
   */
  readonly applied: (sink: string, table: TableName) => Promise<string | null>;
  readonly onProgress: (progress: CompareProgress) => void;
  /** Ends the comparison with what it has found: the result is `not done` then. */
  readonly signal: AbortSignal;
  /** Where an earlier run was: this one continues there. */
  readonly from?: RunningPlace | null;
  /** Where its place is kept; null: nowhere. */
  readonly keep?: KeptPlace | null;
}

/** What is compared of each table. */
export interface CompareScope {
  /** SQL that a row must fulfil; null for all rows. */
  readonly condition: (table: TableName) => string | null;
  /** Ends of the first key column's range, both included; '' for an open one. */
  readonly keys: readonly [from: string, to: string] | null;
  /** About so many rows of each table. */
  readonly sample: number | null;
}

export interface CompareProgress {
  readonly table: string;
  /** Of this table. */
  readonly rows: number;
  /** Of them by an earlier run. */
  readonly before: number;
  /** That the table has, as the server estimates; null where it does not. */
  readonly ofAbout: number | null;
}

/**
 * Compares the rows of a pipeline that runs. The source is read in pages by key; a row that is not equal is looked at again until it
 * is equal, or the sink has applied all that was committed before. Throws when a server does not answer, and PlaceRefused; never for a
 * difference.
 */
export async function compareRunning(options: RunningOptions): Promise<RunningFindings> {
  const { from = null, keep = null, signal } = options;
  const findings = new Findings(from?.found);
  const source = await openRowConnection(options.source);
  const sinks = new Map<string, ComparedSink>();
  try {
    for (const [name, settings] of Object.entries(options.sinks))
      sinks.set(name, await openStore(name, settings));
    const pace = new Pace(options.rowsPerSecond, signal);
    const parts = { source, sinks, findings, pace, keeper: new PlaceKeeper(keep, signal), options };
    for (const { published, kept } of tablesLeft(options.tables, from))
      await comparePublished(published, kept, parts);
    return findings.result(signal.aborted);
  } finally {
    await Promise.allSettled([source.close(), ...[...sinks.values()].map((sink) => sink.close())]);
  }
}

interface LeftTable {
  readonly published: PublishedTable;
  /** Where an earlier run was in it. */
  readonly kept: TablePlace | null;
}

/** The table that an earlier run was in, and those that it has not come to. Throws PlaceRefused. */
function tablesLeft(tables: readonly PublishedTable[], from: RunningPlace | null): readonly LeftTable[] {
  const found = new Set(from?.found.tables.map(({ table }) => table));
  const kept = from?.table ?? null;
  const isKept = (published: PublishedTable): boolean => tableIdOf(published) === kept?.table;
  const begun = tables.filter(isKept).map((published) => ({ published, kept }));
  if (kept !== null && begun.length === 0)
    throw new PlaceRefused(`${kept.table} is not among the tables any more`);
  const left = tables.filter((published) => !found.has(tableIdOf(published)));
  return [...begun, ...left.map((published) => ({ published, kept: null }))];
}

interface RunningParts {
  readonly source: RowConnection;
  readonly sinks: ReadonlyMap<string, ComparedSink>;
  readonly findings: Findings;
  readonly pace: Pace;
  readonly keeper: PlaceKeeper;
  readonly options: RunningOptions;
}

async function comparePublished(
  published: PublishedTable,
  kept: TablePlace | null,
  { source, sinks, findings, pace, keeper, options }: RunningParts,
): Promise<void> {
  const { signal, scope } = options;
  if (signal.aborted) {
    if (kept === null) findings.begin(published, null, [INTERRUPTED]);
    return;
  }
  const { table, remarks } = await readRunningTable(source, published);
  const names = [...sinks.keys()].filter((name) => options.takes(name, published) === true);
  if (kept === null) beginTable({ published, table, remarks, names }, sinks, findings, options);
  else goOnWith(table, kept, findings);
  if (table === null || names.length === 0) return;
  const taking = new Map([...sinks].filter(([name]) => names.includes(name)));
  const { condition, ofAbout, isWhole } = await rowsWanted(source, table, scope);
  if (!isWhole && kept === null)
    findings.remark('rows that only a sink has were not looked for: not all rows were compared');
  const onRows = (rows: number, before: number): void =>
    options.onProgress({ table: tableIdOf(table), rows, before, ofAbout });
  const parts = { source, table, condition, isWhole, sinks: taking, findings, pace, onRows, kept, keeper };
  await compareTable({ ...parts, applied: options.applied, signal });
  if (signal.aborted) findings.remark(INTERRUPTED);
  await keeper.at(() => ({ found: findings.found, table: null }));
}

interface BegunTable {
  readonly published: PublishedTable;
  readonly table: ComparedTable | null;
  readonly remarks: readonly string[];
  /** The sinks that it is compared with. */
  readonly names: readonly string[];
}

function beginTable(
  { published, table, remarks, names }: BegunTable,
  sinks: ReadonlyMap<string, ComparedSink>,
  findings: Findings,
  { takes }: RunningOptions,
): void {
  findings.begin(published, table, remarks, names);
  for (const name of sinks.keys()) {
    const why = takes(name, published);
    if (typeof why === 'string') findings.leaveOut(name, why);
  }
  if (table !== null && names.length === 0) findings.remark('none of these sinks takes it');
}

function goOnWith(
  table: ComparedTable | null,
  { table: id, pages, sinks }: TablePlace,
  findings: Findings,
): void {
  if (table === null) throw new PlaceRefused(`${id} cannot be compared any more`);
  findings.goOn(table);
  const rows = Math.max(pages.rows, ...Object.values(sinks).map(({ sums }) => sums?.rows ?? 0));
  findings.remark(`compared in more than one run: the last one went on behind ${rows} rows`);
}

interface WantedRows {
  readonly condition: string | null;
  readonly ofAbout: number | null;
  readonly isWhole: boolean;
}

async function rowsWanted(
  source: RowConnection,
  table: ComparedTable,
  { condition, keys, sample }: CompareScope,
): Promise<WantedRows> {
  const estimate = await estimatedRows(source, table);
  const terms = [
    condition(table),
    keys === null ? null : keyRange(table, ...keys),
    sample === null || estimate <= sample ? null : keyShare(table, Math.ceil(estimate / sample), Date.now()),
  ].filter((term) => term !== null);
  const isWhole = terms.length === 0;
  const isCounted = estimate > 0 && condition(table) === null && keys === null;
  const ofAbout = isCounted ? Math.min(estimate, sample ?? estimate) : null;
  return { condition: isWhole ? null : terms.join(') AND ('), ofAbout, isWhole };
}

async function estimatedRows(source: RowConnection, { database, table }: TableName): Promise<number> {
  const [rows] = await source.promise.query<RowDataPacket[]>(
    'SELECT TABLE_ROWS AS estimate FROM information_schema.tables WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [database, table],
  );
  return Number(rows[0]?.['estimate'] ?? 0);
}
