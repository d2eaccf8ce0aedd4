/**
 * Why bytes of the binlog could not be turned into rows. Every one of them is final for the connection: nothing after
 * the event may be trusted, and no position behind it may be stored.
 */
export type BinlogErrorCode =
  /** CRC32 of the event does not match its bytes. */
  | 'CHECKSUM_MISMATCH'
  /** The event is shorter than it says, or its parts do not fit together. */
  | 'EVENT_MALFORMED'
  /** An event does not begin where the one before it ended: what stands between them was not sent. */
  | 'EVENT_MISSING'
  /** A type of event that may carry rows and that this decoder does not know. */
  | 'EVENT_UNSUPPORTED'
  /** The server wrote an INCIDENT event: changes may be missing from the binlog itself. */
  | 'BINLOG_INCIDENT'
  /** A compressed transaction or event that cannot be unpacked. */
  | 'PAYLOAD_UNREADABLE'
  /** Rows of a table that no table map has described. */
  | 'TABLE_MAP_MISSING'
  /** The row image does not hold every column (binlog_row_image is not FULL). */
  | 'ROW_IMAGE_PARTIAL'
  /** The table map does not say what a value needs (binlog_row_metadata is not FULL). */
  | 'METADATA_MISSING'
  /** A column type that this decoder does not know. */
  | 'COLUMN_TYPE_UNSUPPORTED'
  /** A character set that this decoder does not know. */
  | 'CHARSET_UNSUPPORTED'
  /** Bytes that are no value of their column's type. */
  | 'VALUE_INVALID';

export type BinlogErrorContext = Readonly<Record<string, string | number | boolean | null>>;

/** The one error of this package; `context` holds names and numbers, never a row value. */
export class BinlogError extends Error {
  readonly code: BinlogErrorCode;
  readonly context: BinlogErrorContext;

  constructor(code: BinlogErrorCode, message: string, context: BinlogErrorContext = {}, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'BinlogError';
    this.code = code;
    this.context = context;
  }
}
