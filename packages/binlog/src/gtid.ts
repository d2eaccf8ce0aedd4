import { BinlogError } from './errors.ts';
import type { EventCursor } from './event-cursor.ts';
import { readTag, readVarint } from './serialized.ts';

/** What opens a transaction. */
export interface GtidEvent {
  /** `uuid:number`, `uuid:tag:number`, `domain-server-number`; null without GTIDs. */
  readonly gtid: string | null;
  /** Commit time on the server where the transaction was made, µs since 1970; 0 when not told. */
  readonly committedAtMicros: number;
  /** True for a group of one statement without a commit of its own (MariaDB). */
  readonly lone: boolean;
  /** True when a commit, rollback or prepare will end the group. */
  readonly transactional: boolean;
  /** MariaDB tells an XA transaction that will be prepared only here: its identifier as SQL text. */
  readonly xid: string | null;
}

/** Flags of a MariaDB GTID event. */
const STANDALONE = 0x01;
const GROUP_COMMIT_ID = 0x02;
const PREPARED_XA = 0x40;
/** A 7-byte commit time with this bit in its top byte is followed by that of the original server. */
const ORIGINAL_FOLLOWS = 0x80;
/** Field ids of a tagged GTID event. */
const TAGGED = {
  FLAGS: 0,
  UUID: 1,
  NUMBER: 2,
  TAG: 3,
  LAST_COMMITTED: 4,
  SEQUENCE: 5,
  IMMEDIATE: 6,
  ORIGINAL: 7,
};

/** GTID and ANONYMOUS_GTID of MySQL (MySQL internals, "Gtid_event"). */
export function readMysqlGtid(cursor: EventCursor, anonymous: boolean): GtidEvent {
  cursor.skip(1);
  const uuid = latestUuid(cursor);
  const number = readNumber(cursor);
  let committedAtMicros = 0;
  // Servers before 8.0 end here or behind the logical clock: one byte of type and two numbers.
  if (cursor.left >= 24) {
    cursor.skip(17);
    committedAtMicros = readCommitTime(cursor);
  }
  return event(anonymous ? null : `${uuid}:${number}`, committedAtMicros);
}

/**
 * GTID_TAGGED of MySQL 8.3+: a message of the server's serialization library (MySQL source documentation, "MySQL
 * Serialization Library"): version, size, last field that must be known, then fields with their ids in rising order.
 */
export function readTaggedGtid(cursor: EventCursor): GtidEvent {
  const start = cursor.position;
  if (readVarint(cursor) !== 1n) throw malformed('the version of a tagged GTID event is not known');
  const size = Number(readVarint(cursor));
  if (!(start + size <= cursor.end)) throw malformed('a tagged GTID event is shorter than it says');
  cursor.move(cursor.position, start + size);
  readVarint(cursor);
  let uuid = '';
  let number = 0n;
  let tag = '';
  let committedAtMicros = 0;
  while (cursor.left > 0) {
    const field = Number(readVarint(cursor));
    if (field > TAGGED.ORIGINAL) break;
    if (field === TAGGED.UUID) uuid = readUuid(cursor);
    else if (field === TAGGED.TAG) tag = readTag(cursor);
    else {
      const value = readVarint(cursor);
      // A signed number is sent shifted, its lowest bit the sign; transaction numbers are positive.
      if (field === TAGGED.NUMBER) number = value >> 1n;
      if (field === TAGGED.IMMEDIATE || field === TAGGED.ORIGINAL) committedAtMicros = Number(value);
    }
  }
  if (uuid === '' || number === 0n) throw malformed('a tagged GTID event has no UUID or number');
  return event(tag === '' ? `${uuid}:${number}` : `${uuid}:${tag}:${number}`, committedAtMicros);
}

/** GTID of MariaDB (MariaDB documentation, "GTID_EVENT"); the server id is the header's. */
export function readMariadbGtid(cursor: EventCursor, serverId: number): GtidEvent {
  const number = cursor.uint64();
  const domain = cursor.uint(4);
  const flags = cursor.uint(1);
  const lone = (flags & STANDALONE) !== 0;
  if ((flags & GROUP_COMMIT_ID) !== 0) cursor.skip(8);
  const xid = (flags & PREPARED_XA) === 0 ? null : readXid(cursor);
  return { gtid: `${domain}-${serverId}-${number}`, committedAtMicros: 0, lone, transactional: !lone, xid };
}

function readXid(cursor: EventCursor): string {
  const format = cursor.uint(4);
  const globalLength = cursor.uint(1);
  const branchLength = cursor.uint(1);
  return xidText(cursor.take(globalLength), cursor.take(branchLength), format);
}

/** An XA identifier as the server writes it in statements. */
export function xidText(global: Buffer, branch: Buffer, format: number): string {
  return `X'${global.toString('hex')}',X'${branch.toString('hex')}',${format}`;
}

function event(gtid: string | null, committedAtMicros: number): GtidEvent {
  return { gtid, committedAtMicros, lone: false, transactional: false, xid: null };
}

/** Microseconds of this server's commit, and of the original one when that is another. */
function readCommitTime(cursor: EventCursor): number {
  const low = cursor.uint(6);
  const top = cursor.uint(1);
  const immediate = low + (top & ~ORIGINAL_FOLLOWS) * 2 ** 48;
  if ((top & ORIGINAL_FOLLOWS) === 0) return immediate;
  const originalLow = cursor.uint(6);
  return originalLow + cursor.uint(1) * 2 ** 48;
}

/** Every byte of the UUID is a number of its own. */
function readUuid(cursor: EventCursor): string {
  return formatUuid(Buffer.from(Array.from({ length: 16 }, () => Number(readVarint(cursor)))));
}

let latest = { bytes: Buffer.alloc(16), text: formatUuid(Buffer.alloc(16)) };

/** Transactions of one server come in runs: its UUID is made into text once. */
function latestUuid(cursor: EventCursor): string {
  const { source, position } = cursor;
  cursor.skip(16);
  for (let i = 0; i < 16; i++) {
    if (source[position + i] === latest.bytes[i]) continue;
    const bytes = Buffer.from(source.subarray(position, position + 16));
    latest = { bytes, text: formatUuid(bytes) };
    break;
  }
  return latest.text;
}

/** A 64-bit number; a bigint only where it must be one. */
function readNumber(cursor: EventCursor): number | bigint {
  const low = cursor.uint(6);
  const high = cursor.uint(2);
  return high < 32 ? low + high * 2 ** 48 : BigInt(low) + (BigInt(high) << 48n);
}

function formatUuid(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function malformed(message: string): BinlogError {
  return new BinlogError('EVENT_MALFORMED', message);
}
