import type { Column, RowOperation } from '@sluice/binlog';
import type { TableName } from '@sluice/envelope';
import type { StreamPosition } from '../model/position.ts';

/** Operations of one table in one transaction. */
export interface TableCounts extends TableName {
  readonly counts: Record<RowOperation, number>;
}

/** What a transaction has beside rows: DDL, a change that was logged as a statement, XA. */
export interface OrphanStatement {
  readonly place: StreamPosition;
  /** As others may see it: without literals. */
  readonly text: string;
}

/** A committed transaction that the new master does not have. */
export interface OrphanTransaction {
  readonly gtid: string;
  /** Where it begins in the binlog of the old master. */
  readonly place: StreamPosition;
  /** µs since 1970; MariaDB tells seconds. */
  readonly committedAtMicros: number;
  readonly serverId: number;
  readonly tables: readonly TableCounts[];
  readonly statements: readonly OrphanStatement[];
}

/** A column of a table of orphans, and how SQL is to write it. */
export interface OrphanColumn {
  readonly column: Column;
  /** The server computes it: it is compared, never written. */
  readonly isGenerated: boolean;
  /** A change of another column changes it too, unless it is written (ON UPDATE CURRENT_TIMESTAMP). */
  readonly changesItself: boolean;
}

/** A table of orphaned rows, equal in the binlog and on the server that was asked. */
export interface OrphanTable extends TableName {
  readonly columns: readonly OrphanColumn[];
  /** Places in `columns`, in key order; none when nothing tells its rows apart. */
  readonly key: readonly number[];
}

/** The values of a row as JSON, by the columns of its table; null is NULL. */
export type RowValues = readonly (string | null)[];

export interface OrphanRow {
  readonly table: OrphanTable;
  readonly place: StreamPosition;
  /** Null: there was no such row. */
  readonly before: RowValues | null;
  /** Null: there is no such row any more. */
  readonly after: RowValues | null;
}

/** The key columns of a row, as text that tells it from any other of its table. */
export function keyOf({ key }: OrphanTable, values: RowValues): string {
  return JSON.stringify(key.map((place) => values[place] ?? null));
}
