import type { ByteWriter } from '../byte-writer.ts';
import { TYPE } from '../column-types.ts';
import { BinlogError } from '../errors.ts';
import { putDecimal } from './decimal.ts';
import { putAscii, putPadded, putTwo, putUnsigned } from './digits.ts';
import { serverDouble } from './json-double.ts';
import { writeString, writeUtf8 } from './json-string.ts';

/** Value types of MySQL's binary JSON (MySQL internals, "json_binary"). */
export const JSONB = {
  SMALL_OBJECT: 0,
  LARGE_OBJECT: 1,
  SMALL_ARRAY: 2,
  LARGE_ARRAY: 3,
  LITERAL: 4,
  INT16: 5,
  UINT16: 6,
  INT32: 7,
  UINT32: 8,
  INT64: 9,
  UINT64: 10,
  DOUBLE: 11,
  STRING: 12,
  OPAQUE: 15,
} as const;

const LITERALS = ['null', 'true', 'false'] as const;
/** The server allows no deeper documents. */
export const MAX_DEPTH = 100;

/**
 * A JSON column's value as compact JSON text, with numbers, key order and opaque values as the server shows them.
 *
 * @throws BinlogError VALUE_INVALID for bytes that are no JSON document
 */
export function writeJson(source: Buffer, start: number, end: number, out: ByteWriter): void {
  if (start === end) return putText(out, 'null');
  // Every value of a document has bytes of its own, so a document that visits more is a garbled one.
  writeJsonPart({ source, end, out, left: end - start + 1 }, source[start]!, start + 1, 0);
}

/** What is being read and written, and how many more values may be met before the document is taken for garbled. */
export interface Walk {
  readonly source: Buffer;
  readonly end: number;
  readonly out: ByteWriter;
  left: number;
}

/**
 * A value inside a document, of a known type, whose bytes lie in `[at, walk.end)`.
 *
 * @throws BinlogError VALUE_INVALID
 */
export function writeJsonPart(walk: Walk, type: number, at: number, depth: number): void {
  try {
    writeValue(walk, type, at, walk.end, depth);
  } catch (error) {
    if (error instanceof BinlogError) throw error;
    throw new BinlogError('VALUE_INVALID', 'a JSON value cannot be read', {}, error);
  }
}

function writeValue(walk: Walk, type: number, at: number, end: number, depth: number): void {
  if (--walk.left < 0 || depth > MAX_DEPTH || at > walk.end) throw garbled();
  const { source, out } = walk;
  switch (type) {
    case JSONB.SMALL_OBJECT:
    case JSONB.LARGE_OBJECT:
    case JSONB.SMALL_ARRAY:
    case JSONB.LARGE_ARRAY:
      return writeContainer(walk, type, at, end, depth);
    case JSONB.LITERAL:
      return writeLiteral(source[at]!, out);
    case JSONB.INT16:
      return putText(out, String(source.readInt16LE(at)));
    case JSONB.UINT16:
      return putText(out, String(source.readUInt16LE(at)));
    case JSONB.INT32:
      return putText(out, String(source.readInt32LE(at)));
    case JSONB.UINT32:
      return putText(out, String(source.readUInt32LE(at)));
    case JSONB.INT64:
      return putText(out, String(source.readBigInt64LE(at)));
    case JSONB.UINT64:
      return putText(out, String(source.readBigUInt64LE(at)));
    case JSONB.DOUBLE:
      return writeDoubleText(source.readDoubleLE(at), out);
    case JSONB.STRING:
      return writeText(source, at, end, out);
    case JSONB.OPAQUE:
      return writeOpaque(source, at, end, out);
    default:
      throw garbled();
  }
}

/** Object and array: count, size, (key entries,) value entries; small ones with 2-byte, large ones with 4-byte numbers. */
function writeContainer(walk: Walk, type: number, start: number, limit: number, depth: number): void {
  const { source, out } = walk;
  const large = type === JSONB.LARGE_OBJECT || type === JSONB.LARGE_ARRAY;
  const object = type === JSONB.SMALL_OBJECT || type === JSONB.LARGE_OBJECT;
  const width = large ? 4 : 2;
  const count = source.readUIntLE(start, width);
  const end = start + source.readUIntLE(start + width, width);
  const keys = start + 2 * width;
  const values = object ? keys + count * (width + 2) : keys;
  if (end > limit || values + count * (width + 1) > end) throw garbled();
  putByte(out, object ? 0x7b : 0x5b);
  for (let index = 0; index < count; index++) {
    if (index > 0) putByte(out, 0x2c);
    if (object) {
      const entry = keys + index * (width + 2);
      const at = start + source.readUIntLE(entry, width);
      const length = source.readUInt16LE(entry + width);
      if (at + length > end) throw garbled();
      writeUtf8(source, at, at + length, out);
      putByte(out, 0x3a);
    }
    const entry = values + index * (width + 1);
    const kind = source[entry]!;
    const at = isInline(kind, large) ? entry + 1 : start + source.readUIntLE(entry + 1, width);
    writeValue(walk, kind, at, end, depth + 1);
  }
  putByte(out, object ? 0x7d : 0x5d);
}

/** Short scalars stand in the entry itself instead of an offset. */
export function isInline(type: number, large: boolean): boolean {
  if (type === JSONB.LITERAL || type === JSONB.INT16 || type === JSONB.UINT16) return true;
  return large && (type === JSONB.INT32 || type === JSONB.UINT32);
}

function writeLiteral(value: number, out: ByteWriter): void {
  const text = LITERALS[value];
  if (text === undefined) throw garbled();
  putText(out, text);
}

function writeDoubleText(value: number, out: ByteWriter): void {
  if (!Number.isFinite(value)) throw garbled();
  putText(out, serverDouble(value));
}

function writeText(source: Buffer, at: number, end: number, out: ByteWriter): void {
  const length = readLength(source, at);
  const start = at + lengthWidth(source, at);
  if (start + length > end) throw garbled();
  writeUtf8(source, start, start + length, out);
}

/** A value of an SQL type without a JSON twin: its type, length and bytes in the server's own layout. */
function writeOpaque(source: Buffer, at: number, end: number, out: ByteWriter): void {
  const type = source[at]!;
  const length = readLength(source, at + 1);
  const start = at + 1 + lengthWidth(source, at + 1);
  if (start + length > end) throw garbled();
  switch (type) {
    case TYPE.NEWDECIMAL:
      return writeDecimalText(source, start, length, out);
    case TYPE.DATE:
    case TYPE.DATETIME:
    case TYPE.TIMESTAMP:
      return writeMoment(source.readBigUInt64LE(start), type === TYPE.DATE, out);
    case TYPE.TIME:
      return writeDuration(source.readBigInt64LE(start), out);
    default:
      return writeString(`base64:type${type}:${source.toString('base64', start, start + length)}`, out);
  }
}

/** The server counts the digits before the point in whole groups of nine: nine groups are what its numbers have room for. */
const MOST_DECIMAL_DIGITS = 81;

function writeDecimalText(source: Buffer, start: number, length: number, out: ByteWriter): void {
  const precision = source[start]!;
  const scale = source[start + 1]!;
  if (length < 2 || precision > MOST_DECIMAL_DIGITS || scale > precision) throw garbled();
  out.reserve(precision + 8);
  putDecimal(source, start + 2, precision, scale, out);
}

/** Packed in 64 bits: year × 13 + month 17 bits, day 5, hour 5, minute 6, second 6, microseconds 24. */
function writeMoment(packed: bigint, dateOnly: boolean, out: ByteWriter): void {
  const micros = Number(packed & 0xff_ffffn);
  const seconds = Number((packed >> 24n) & 0x1_ffffn);
  const days = Number(packed >> 41n);
  const months = days >> 5;
  out.reserve(40);
  const bytes = out.bytes;
  let place = out.position;
  bytes[place++] = 0x22;
  place = putPadded(bytes, place, Math.floor(months / 13), 4);
  bytes[place++] = 0x2d;
  place = putTwo(bytes, place, months % 13);
  bytes[place++] = 0x2d;
  place = putTwo(bytes, place, days & 31);
  if (!dateOnly) {
    bytes[place++] = 0x20;
    place = putClock(bytes, place, seconds >> 12, (seconds >> 6) & 63, seconds & 63, micros);
  }
  bytes[place++] = 0x22;
  out.position = place;
}

/** Packed in 64 bits, signed: hour 10 bits, minute 6, second 6, microseconds 24. */
function writeDuration(packed: bigint, out: ByteWriter): void {
  const size = packed < 0n ? -packed : packed;
  const seconds = Number((size >> 24n) & 0x3f_ffffn);
  out.reserve(40);
  const bytes = out.bytes;
  let place = out.position;
  bytes[place++] = 0x22;
  if (packed < 0n) bytes[place++] = 0x2d;
  place = putClock(bytes, place, seconds >> 12, (seconds >> 6) & 63, seconds & 63, Number(size & 0xff_ffffn));
  bytes[place++] = 0x22;
  out.position = place;
}

function putClock(
  bytes: Buffer,
  at: number,
  hours: number,
  minutes: number,
  seconds: number,
  micros: number,
): number {
  let place = hours < 100 ? putTwo(bytes, at, hours) : putUnsigned(bytes, at, hours);
  bytes[place++] = 0x3a;
  place = putTwo(bytes, place, minutes);
  bytes[place++] = 0x3a;
  place = putTwo(bytes, place, seconds);
  bytes[place++] = 0x2e;
  return putPadded(bytes, place, micros, 6);
}

/** Lengths take seven bits a byte, the lowest first, the top bit says that more follow. */
function readLength(source: Buffer, at: number): number {
  let length = 0;
  for (let index = 0; index < 5; index++) {
    const byte = source[at + index]!;
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return length;
  }
  throw garbled();
}

function lengthWidth(source: Buffer, at: number): number {
  let width = 1;
  while (source[at + width - 1]! >= 0x80) width++;
  return width;
}

export function putByte(out: ByteWriter, byte: number): void {
  out.reserve(1);
  out.bytes[out.position++] = byte;
}

function putText(out: ByteWriter, text: string): void {
  out.reserve(text.length);
  out.position = putAscii(out.bytes, out.position, text);
}

export function garbled(): BinlogError {
  return new BinlogError('VALUE_INVALID', 'a JSON value is garbled');
}
