import { tableIdOf, type TableName } from '@sluice/envelope';
import { abortableDelay } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';
import type { TableFilter } from '../model/table-filter.ts';
import type { StreamPosition } from '../model/position.ts';
import { isToldByStream } from '../source/moved.ts';
import { onConnection } from '../source/open-connection.ts';
import { queryRows } from '../source/query.ts';
import { readBinlogStatus } from '../source/server.ts';
import type { Source } from '../source/source.ts';
import type { TableWorkQueue } from '../stream/table-work.ts';

/** How often the source is asked which tables it has (ms). */
const ASK_MS = 60_000;

const NAMES = `
  SELECT TABLE_SCHEMA AS name_of_database, TABLE_NAME AS name_of_table
  FROM information_schema.TABLES
  WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')`;

export interface UnaccountedParts {
  readonly source: Pick<Source, 'connect' | 'facts'>;
  readonly filter: TableFilter;
  readonly work: TableWorkQueue;
  /** Runs `look` between two transactions, when the stream has passed the mark. */
  readonly atBoundary: (mark: StreamPosition, look: () => void) => Promise<void>;
  /** Whether it is known what becomes of the table's rows: they are read, or in the stream, or it is named as one that is not captured. */
  readonly isAccounted: (table: TableName) => boolean;
  /** Tables that were captured before, and that the source did not show when the session began. They are seen to once. */
  readonly absent: readonly TableName[];
  /** Whether a statement of this session has made a table of this name, or taken it away. */
  readonly isTold: (table: TableName) => boolean;
}

/**
 * The net below all that is learned of tables from the stream: a captured table that the source has, of which the stream has told
 * nothing when it was where the source stood, came into being without it (`sql_log_bin = 0`, a file that was copied in) and has no
 * row since. Resolves at the signal; a source that does not answer is asked again later.
 */
export async function watchUnaccounted(parts: UnaccountedParts, signal: AbortSignal): Promise<void> {
  let { absent } = parts;
  while (!signal.aborted) {
    if (absent.length === 0) await abortableDelay(ASK_MS, signal).catch(() => undefined);
    if (signal.aborted) return;
    const isDone = await look({ ...parts, absent }, signal);
    if (isDone) absent = [];
    else await abortableDelay(ASK_MS, signal).catch(() => undefined);
  }
}

/** @returns whether the source has answered, and the stream has come as far */
async function look(parts: UnaccountedParts, signal: AbortSignal): Promise<boolean> {
  const { source, filter, work, atBoundary, isAccounted } = parts;
  try {
    // An answer that waits for a lock of the source holds up no stop.
    const { tables, mark } = await onConnection(source, { signal }, (connection) =>
      ask(connection, source.facts),
    );
    const captured = tables.filter(({ database, table }) => filter.captures(database, table));
    await atBoundary(mark, () => {
      noteAbsent(parts, new Set(tables.map(tableIdOf)));
      for (const table of captured) if (!isAccounted(table)) work.add({ kind: 'unaccounted', table });
    });
    return true;
  } catch (error) {
    if (!signal.aborted && !isToldByStream(error)) throw error;
    return false;
  }
}

/**
 * What no statement up to the answer has taken away, and the source does not have, went without one: in a gap of the binlog that
 * somebody has accepted, or under `sql_log_bin = 0`. One that is there again is another.
 */
function noteAbsent({ absent, work, isTold }: UnaccountedParts, shown: ReadonlySet<string>): void {
  for (const table of absent) {
    if (isTold(table)) continue;
    work.add({ kind: shown.has(tableIdOf(table)) ? 'renamed' : 'vanished', table });
  }
}

/** The names first: what is among them was made before the mark. */
async function ask(
  connection: Connection,
  facts: Source['facts'],
): Promise<{ readonly tables: readonly TableName[]; readonly mark: StreamPosition }> {
  const rows = await queryRows(connection, NAMES);
  const { file, position } = await readBinlogStatus(connection, facts);
  const tables = rows.map((row) => ({
    database: String(row['name_of_database']),
    table: String(row['name_of_table']),
  }));
  return { tables, mark: { file, position } };
}

export interface AccountParts {
  /** Whether tables are read that the stream has not told of (`snapshot.mode`). */
  readonly takesFirst: boolean;
  /** By `database.table`. */
  readonly isKnown: (id: string) => boolean;
  readonly isRefused: (id: string) => boolean;
  readonly isStopped: (id: string) => boolean;
  readonly wasCreated: (database: string, table: string) => boolean;
}

/** Whether somebody has decided about the table, or the stream has seen it made and will tell each of its rows. */
export function isAccountedBy(
  { takesFirst, isKnown, isRefused, isStopped, wasCreated }: AccountParts,
  table: TableName,
): boolean {
  const id = tableIdOf(table);
  if (!takesFirst || isKnown(id) || isRefused(id) || isStopped(id)) return true;
  return wasCreated(table.database, table.table);
}
