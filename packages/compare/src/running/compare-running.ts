import { tableIdOf, type TableName } from '@sluice/envelope';
import type { RowDataPacket } from 'mysql2/promise';
import { openStore } from '../open-store.ts';
import type { ComparedTable } from '../compared-table.ts';
import type { ComparedSink } from '../sink-table.ts';
import { openRowConnection, type MysqlAddress, type RowConnection } from '../source-rows.ts';
import { Findings } from './findings.ts';
import { Pace } from './pace.ts';
import type { RunningFindings } from './report.ts';
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
  /** That the table has, as the server estimates; null where it does not. */
  readonly ofAbout: number | null;
}

/**
 * Compares the rows of a pipeline that runs. The source is read in pages by key; a row that is not equal is looked at again until it
 * is equal, or the sink has applied all that was committed before. Throws when a server does not answer; never for a difference.
 */
export async function compareRunning(options: RunningOptions): Promise<RunningFindings> {
  const findings = new Findings();
  const source = await openRowConnection(options.source);
  const sinks = new Map<string, ComparedSink>();
  try {
    for (const [name, settings] of Object.entries(options.sinks))
      sinks.set(name, await openStore(name, settings));
    const pace = new Pace(options.rowsPerSecond, options.signal);
    for (const published of options.tables) {
      if (options.signal.aborted) {
        findings.begin(published, null, [INTERRUPTED]);
        continue;
      }
      const { table, remarks } = await readRunningTable(source, published);
      const names = [...sinks.keys()].filter((name) => options.takes(name, published) === true);
      findings.begin(published, table, remarks, names);
      for (const name of sinks.keys()) {
        const why = options.takes(name, published);
        if (typeof why === 'string') findings.leaveOut(name, why);
      }
      if (table === null) continue;
      if (names.length === 0) {
        findings.remark('none of these sinks takes it');
        continue;
      }
      const taking = new Map([...sinks].filter(([name]) => names.includes(name)));
      const { condition, ofAbout, isWhole } = await rowsWanted(source, table, options.scope);
      if (!isWhole)
        findings.remark('rows that only a sink has were not looked for: not all rows were compared');
      const onRows = (rows: number): void => options.onProgress({ table: tableIdOf(table), rows, ofAbout });
      const parts = { source, table, condition, isWhole, sinks: taking, findings, pace, onRows };
      await compareTable({ ...parts, applied: options.applied, signal: options.signal });
      if (options.signal.aborted) findings.remark(INTERRUPTED);
    }
    return findings.result(options.signal.aborted);
  } finally {
    await Promise.allSettled([source.close(), ...[...sinks.values()].map((sink) => sink.close())]);
  }
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
