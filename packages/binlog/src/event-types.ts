/** Event types (MySQL `Log_event_type`; from 160 on MariaDB's). */
export const EVENT = {
  UNKNOWN: 0,
  QUERY: 2,
  STOP: 3,
  ROTATE: 4,
  INTVAR: 5,
  APPEND_BLOCK: 9,
  DELETE_FILE: 11,
  RAND: 13,
  USER_VAR: 14,
  FORMAT_DESCRIPTION: 15,
  XID: 16,
  BEGIN_LOAD_QUERY: 17,
  EXECUTE_LOAD_QUERY: 18,
  TABLE_MAP: 19,
  WRITE_ROWS_V1: 23,
  UPDATE_ROWS_V1: 24,
  DELETE_ROWS_V1: 25,
  INCIDENT: 26,
  HEARTBEAT: 27,
  IGNORABLE: 28,
  ROWS_QUERY: 29,
  WRITE_ROWS: 30,
  UPDATE_ROWS: 31,
  DELETE_ROWS: 32,
  GTID: 33,
  ANONYMOUS_GTID: 34,
  PREVIOUS_GTIDS: 35,
  TRANSACTION_CONTEXT: 36,
  VIEW_CHANGE: 37,
  XA_PREPARE: 38,
  PARTIAL_UPDATE_ROWS: 39,
  TRANSACTION_PAYLOAD: 40,
  HEARTBEAT_V2: 41,
  GTID_TAGGED: 42,
  ANNOTATE_ROWS: 160,
  BINLOG_CHECKPOINT: 161,
  MARIADB_GTID: 162,
  GTID_LIST: 163,
  START_ENCRYPTION: 164,
  QUERY_COMPRESSED: 165,
  WRITE_ROWS_COMPRESSED_V1: 166,
  UPDATE_ROWS_COMPRESSED_V1: 167,
  DELETE_ROWS_COMPRESSED_V1: 168,
  WRITE_ROWS_COMPRESSED: 169,
  UPDATE_ROWS_COMPRESSED: 170,
  DELETE_ROWS_COMPRESSED: 171,
} as const;

/** Bytes of the header that every event has. */
export const HEADER_BYTES = 19;
export const CHECKSUM_BYTES = 4;
/** What a format event calls the checksums of its file; 0 is none. */
export const CRC32_ALGORITHM = 1;

/** Header flags. */
export const FLAG = {
  /** The binlog file was open for writing when the event was written. */
  IN_USE: 0x1,
  /** The statement concerns what only its session has: a temporary table (MySQL `LOG_EVENT_THREAD_SPECIFIC_F`). */
  THREAD_SPECIFIC: 0x4,
  /** Made by the server for this reader; it stands in no file. */
  ARTIFICIAL: 0x20,
  /** A reader that does not know the type may skip it. */
  IGNORABLE: 0x80,
} as const;

/**
 * Types that change no row of their own and need no answer: notes, bookkeeping of the server, and the parts of
 * statement-based changes whose statement comes as a query.
 */
const SILENT: ReadonlySet<number> = new Set<number>([
  EVENT.STOP,
  EVENT.INTVAR,
  EVENT.APPEND_BLOCK,
  EVENT.DELETE_FILE,
  EVENT.RAND,
  EVENT.USER_VAR,
  EVENT.BEGIN_LOAD_QUERY,
  EVENT.IGNORABLE,
  EVENT.TRANSACTION_CONTEXT,
  EVENT.VIEW_CHANGE,
  EVENT.BINLOG_CHECKPOINT,
  EVENT.GTID_LIST,
  // MariaDB: from here on the file is encrypted. The server decrypts what it sends to a reader.
  EVENT.START_ENCRYPTION,
]);

export function isSilent(type: number): boolean {
  return SILENT.has(type);
}

/** What an event's header says; one object is filled again and again. */
export interface EventHeader {
  timestamp: number;
  serverId: number;
  type: number;
  flags: number;
  /** Offset of the event's first byte in its file. */
  start: number;
  /** Offset behind it; for an event in a compressed transaction, behind that transaction. */
  end: number;
}
