import { decodeText } from './charsets.ts';
import { charsetOfCollation } from './collations.ts';
import { BinlogError } from './errors.ts';
import { EventCursor } from './event-cursor.ts';
import { xidText } from './gtid.ts';
import { HEADER_BYTES } from './event-types.ts';
import { inflateEvent } from './inflate.ts';

/** A statement of the binlog; its text is decoded only when asked for, most are BEGIN. */
export interface QueryEvent {
  readonly database: string;
  readonly bytes: Buffer;
  readonly charset: string;
  readonly sqlMode: number;
}

/** Codes of status variables with a fixed length in bytes (MySQL `Query_event_status_vars`; 128 on are MariaDB's). */
const FIXED_LENGTHS: Readonly<Record<number, number>> = {
  0: 4,
  1: 8,
  3: 4,
  4: 6,
  7: 2,
  8: 2,
  9: 8,
  10: 4,
  13: 3,
  16: 1,
  17: 8,
  18: 2,
  19: 1,
  20: 1,
  128: 3,
  129: 8,
};
const BEGIN = Buffer.from('BEGIN');
/** Thread, seconds, length of the database's name, error, length of the variables. */
const FIXED_BYTES = 13;
const SQL_MODE = 1;
const CATALOG = 2;
const CLIENT_CHARSET = 4;
const LENGTH_PREFIXED = [5, 6];

/**
 * QUERY, MariaDB's QUERY_COMPRESSED, and EXECUTE_LOAD_QUERY, which has 13 bytes more in front of its variables.
 */
export function readQuery(cursor: EventCursor, compressed: boolean, loadData: boolean): QueryEvent {
  cursor.skip(8);
  const databaseLength = cursor.uint(1);
  cursor.skip(2);
  const variablesLength = cursor.uint(2);
  if (loadData) cursor.skip(13);
  const variables = new EventCursor(cursor.source, 0, 0);
  variables.move(cursor.position, cursor.position + variablesLength);
  cursor.skip(variablesLength);
  const database = cursor.nullTerminated(databaseLength);
  const settings = readVariables(variables);
  const bytes = compressed ? inflateEvent(cursor.rest()) : cursor.rest();
  return { database, bytes, ...settings };
}

/** Whether an uncompressed QUERY event says BEGIN, found out without reading its variables. */
export function isBegin(event: Buffer, end: number): boolean {
  const text = end - BEGIN.length;
  const lengths = HEADER_BYTES + FIXED_BYTES;
  if (text < lengths) return false;
  const variables = event[lengths - 2]! | (event[lengths - 1]! << 8);
  const database = event[lengths - 5]!;
  if (lengths + variables + database + 1 !== text) return false;
  for (let i = 0; i < BEGIN.length; i++) if (event[text + i] !== BEGIN[i]) return false;
  return true;
}

export function queryText(query: QueryEvent): string {
  return decodeText(query.bytes, query.charset);
}

/** Variables come in no fixed order; behind one that is not known nothing can be found any more. */
function readVariables(cursor: EventCursor): { charset: string; sqlMode: number } {
  let charset = 'utf8mb4';
  let sqlMode = 0;
  while (cursor.left > 0) {
    const code = cursor.uint(1);
    if (code === SQL_MODE) sqlMode = Number(cursor.uint64());
    else if (code === CLIENT_CHARSET) {
      charset = charsetOfCollation(cursor.uint(2)) ?? 'utf8mb4';
      cursor.skip(4);
    } else if (code === CATALOG) cursor.nullTerminated(cursor.uint(1));
    else if (LENGTH_PREFIXED.includes(code)) cursor.skip(cursor.uint(1));
    else {
      const length = FIXED_LENGTHS[code];
      if (length === undefined) break;
      cursor.skip(length);
    }
  }
  return { charset, sqlMode };
}

/** The statement that an XA PREPARE event stands for; it may be a commit in one phase. */
export function readXaPrepare(cursor: EventCursor): string {
  const onePhase = cursor.uint(1) !== 0;
  const format = cursor.uint(4);
  const globalLength = cursor.uint(4);
  const branchLength = cursor.uint(4);
  if (globalLength > 64 || branchLength > 64)
    throw new BinlogError('EVENT_MALFORMED', 'an XA identifier is too long');
  const xid = xidText(cursor.take(globalLength), cursor.take(branchLength), format);
  return onePhase ? `XA COMMIT ${xid} ONE PHASE` : `XA PREPARE ${xid}`;
}
