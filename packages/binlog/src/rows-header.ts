import { BinlogError } from './errors.ts';
import type { EventCursor } from './event-cursor.ts';
import { EVENT } from './event-types.ts';
import { inflateEvent } from './inflate.ts';
import type { TableMap } from './table-map.ts';

export type RowOperation = 'INSERT' | 'UPDATE' | 'DELETE';

/** Layout of one type of rows event. */
export interface RowsLayout {
  readonly operation: RowOperation;
  /** Second version: extra data of a stated length in front of the rows. */
  readonly extraData: boolean;
  readonly compressed: boolean;
  /** JSON columns of the after image may be differences. */
  readonly partial: boolean;
}

function layout(
  operation: RowOperation,
  extraData: boolean,
  compressed: boolean,
  partial = false,
): RowsLayout {
  return { operation, extraData, compressed, partial };
}

const LAYOUTS = new Map<number, RowsLayout>([
  [EVENT.WRITE_ROWS_V1, layout('INSERT', false, false)],
  [EVENT.UPDATE_ROWS_V1, layout('UPDATE', false, false)],
  [EVENT.DELETE_ROWS_V1, layout('DELETE', false, false)],
  [EVENT.WRITE_ROWS, layout('INSERT', true, false)],
  [EVENT.UPDATE_ROWS, layout('UPDATE', true, false)],
  [EVENT.DELETE_ROWS, layout('DELETE', true, false)],
  [EVENT.PARTIAL_UPDATE_ROWS, layout('UPDATE', true, false, true)],
  [EVENT.WRITE_ROWS_COMPRESSED_V1, layout('INSERT', false, true)],
  [EVENT.UPDATE_ROWS_COMPRESSED_V1, layout('UPDATE', false, true)],
  [EVENT.DELETE_ROWS_COMPRESSED_V1, layout('DELETE', false, true)],
  [EVENT.WRITE_ROWS_COMPRESSED, layout('INSERT', true, true)],
  [EVENT.UPDATE_ROWS_COMPRESSED, layout('UPDATE', true, true)],
  [EVENT.DELETE_ROWS_COMPRESSED, layout('DELETE', true, true)],
]);

export function rowsLayout(type: number): RowsLayout | undefined {
  return LAYOUTS.get(type);
}

/** By column: 1 when an image has it. */
export type Presence = Uint8Array;

/** The bytes of an event's rows. */
export interface RowsBody {
  readonly source: Buffer;
  readonly rowsStart: number;
  readonly rowsEnd: number;
  /** Columns of the first kind of image in the event, null for all; of an UPDATE's before images. */
  readonly present: Presence | null;
  /** Of an UPDATE's after images; of others the same. */
  readonly presentAfter: Presence | null;
}

/**
 * Reads what stands between a rows event's flags and its rows.
 *
 * @throws BinlogError EVENT_MALFORMED, PAYLOAD_UNREADABLE
 */
export function readRowsBody(cursor: EventCursor, how: RowsLayout, map: TableMap): RowsBody {
  if (how.extraData) {
    const length = cursor.uint(2);
    if (length < 2) throw new BinlogError('EVENT_MALFORMED', 'the extra data of a rows event has no length');
    cursor.skip(length - 2);
  }
  const count = cursor.lengthEncoded();
  if (count !== map.columns.length || count === 0) throw partialImage(map, count);
  const present = readPresence(cursor, count);
  const presentAfter = how.operation === 'UPDATE' ? readPresence(cursor, count) : present;
  const columns = { present, presentAfter };
  if (!how.compressed) {
    return { source: cursor.source, rowsStart: cursor.position, rowsEnd: cursor.end, ...columns };
  }
  const rows = inflateEvent(cursor.rest());
  return { source: rows, rowsStart: 0, rowsEnd: rows.length, ...columns };
}

/** Null when all columns are there, as they nearly always are. */
function readPresence(cursor: EventCursor, count: number): Presence | null {
  const { source, position: start } = cursor;
  cursor.skip((count + 7) >> 3);
  const isPresent = (column: number): number => (source[start + (column >> 3)]! >> (column & 7)) & 1;
  for (let column = 0; column < count; column++) {
    if (isPresent(column) === 0) return Uint8Array.from({ length: count }, (_, each) => isPresent(each));
  }
  return null;
}

export function partialImage(map: TableMap, columns: number): BinlogError {
  return new BinlogError(
    'ROW_IMAGE_PARTIAL',
    `an event of ${map.database}.${map.table} does not hold all columns of its rows: binlog_row_image must be FULL`,
    { database: map.database, table: map.table, expected: map.columns.length, columns },
  );
}
