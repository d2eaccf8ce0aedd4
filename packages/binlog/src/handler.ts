import type { RowsEvent } from './rows-event.ts';
import type { TableMap } from './table-map.ts';

export interface FormatEvent {
  readonly serverVersion: string;
  /** Seconds since 1970 when the file was begun: the same wherever in the file a reader enters. */
  readonly createdAt: number;
  /** Whether the events that follow carry a CRC32. */
  readonly checksum: boolean;
  /** Made for this reader: the stream was entered in the middle of a file. */
  readonly artificial: boolean;
}

export interface BeginEvent {
  readonly gtid: string | null;
  /** Offset of the group's first event in the file, in 64 bits. */
  readonly start: number;
  /** MySQL: µs of the original commit; else the header's seconds × 1,000,000. */
  readonly committedAtMicros: number;
  readonly serverId: number;
  /** MariaDB says so beforehand: one statement without a commit of its own (DDL). */
  readonly lone: boolean;
}

export interface QueryNotice {
  readonly database: string;
  readonly sql: string;
  readonly start: number;
  readonly end: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
  /** Of the group that the statement belongs to. */
  readonly gtid: string | null;
  readonly sqlMode: number;
  /** The server says that the statement concerns a temporary table of its session. */
  readonly threadSpecific: boolean;
  /** True when nothing of the group follows: a lone DDL, ROLLBACK, XA PREPARE; there is no `onCommit` then. */
  readonly closes: boolean;
}

/** Receives the stream; all methods are called synchronously and in order, from within `accept`. */
export interface BinlogHandler {
  onFormat(format: FormatEvent): void;
  /** MySQL, at the begin of a file: the GTIDs of all earlier ones; null in a form that is not known. */
  onPreviousGtids?(gtidSet: string | null): void;
  /** The next events stand in `file` from `position` on; artificial ones open every stream and every file. */
  onRotate(file: string, position: number, artificial: boolean): void;
  /** A transaction or a lone statement opens. A group that is still open then was never committed. */
  onBegin(begin: BeginEvent): void;
  /** A table map that is new or has changed for its id, and each table's first in a file. */
  onTableMap(map: TableMap): void;
  /**
   * The statement behind the rows that follow, where the server logs it beside them: MySQL with `binlog_rows_query_log_events`, MariaDB when
   * its annotations are asked for. Text of the session's client, in memory that is used again.
   */
  onRowsQuery?(sql: Buffer): void;
  /** Rows of any table; whoever does not read them must call `countImages`. */
  onRows(rows: RowsEvent): void;
  /** `end` is the offset behind the commit. */
  onCommit(end: number): void;
  /** Every statement that is not BEGIN or COMMIT: DDL, ROLLBACK, XA, SAVEPOINT, statement-based changes. */
  onQuery(query: QueryNotice): void;
  onHeartbeat(file: string, position: number): void;
  /** A type that is not known and that the server marked as safe to skip. */
  onUnknown(type: number): void;
}
