import type { ByteWriter } from '../byte-writer.ts';
import { putAscii, putInteger, putUnsigned } from './digits.ts';
import type { ValueWriter } from './value-writer.ts';

const TWO_32 = 4_294_967_296;
/** High words of the numbers that a double holds exactly: 2^53 = 2^21 × 2^32. */
const SAFE_HIGH = 0x20_0000;

/** TINYINT … INT: little endian of 1 to 4 bytes. */
export function integerWriter(width: 1 | 2 | 3 | 4, unsigned: boolean): ValueWriter {
  if (width === 1) return unsigned ? writeUint8 : writeInt8;
  if (width === 2) return unsigned ? writeUint16 : writeInt16;
  if (width === 3) return unsigned ? writeUint24 : writeInt24;
  return unsigned ? writeUint32 : writeInt32;
}

/** BIGINT: a number within ±(2^53 − 1), else the exact digits as a string. */
export function bigintWriter(unsigned: boolean): ValueWriter {
  return unsigned ? writeUint64 : writeInt64;
}

/** YEAR: one byte counted from 1900; 0 is the year 0000. */
export function writeYear(source: Buffer, start: number, _end: number, out: ByteWriter): void {
  const year = source[start]!;
  putNumber(out, year === 0 ? 0 : 1900 + year);
}

/** BIT(n): big endian, unsigned. */
export function writeBit(source: Buffer, start: number, end: number, out: ByteWriter): void {
  if (end - start <= 6) return putNumber(out, end === start ? 0 : source.readUIntBE(start, end - start));
  let value = 0n;
  for (let at = start; at < end; at++) value = (value << 8n) | BigInt(source[at]!);
  putBigint(out, value);
}

/** Within ±(2^53 − 1) a JSON number, beyond it a JSON string. */
export function putBigint(out: ByteWriter, value: bigint): void {
  out.reserve(32);
  const text = value.toString();
  if (value >= -9_007_199_254_740_991n && value <= 9_007_199_254_740_991n) {
    out.position = putAscii(out.bytes, out.position, text);
    return;
  }
  out.position = putAscii(out.bytes, out.position, `"${text}"`);
}

function writeUint8(source: Buffer, start: number, _end: number, out: ByteWriter): void {
  putNumber(out, source[start]!);
}

function writeInt8(source: Buffer, start: number, _end: number, out: ByteWriter): void {
  putNumber(out, (source[start]! << 24) >> 24);
}

function writeUint16(source: Buffer, start: number, _end: number, out: ByteWriter): void {
  putNumber(out, source[start]! | (source[start + 1]! << 8));
}

function writeInt16(source: Buffer, start: number, _end: number, out: ByteWriter): void {
  putNumber(out, ((source[start]! << 16) | (source[start + 1]! << 24)) >> 16);
}

function writeUint24(source: Buffer, start: number, _end: number, out: ByteWriter): void {
  putNumber(out, source[start]! | (source[start + 1]! << 8) | (source[start + 2]! << 16));
}

function writeInt24(source: Buffer, start: number, _end: number, out: ByteWriter): void {
  putNumber(out, ((source[start]! << 8) | (source[start + 1]! << 16) | (source[start + 2]! << 24)) >> 8);
}

function writeUint32(source: Buffer, start: number, _end: number, out: ByteWriter): void {
  putNumber(out, word(source, start) >>> 0);
}

function writeInt32(source: Buffer, start: number, _end: number, out: ByteWriter): void {
  putNumber(out, word(source, start));
}

function writeUint64(source: Buffer, start: number, _end: number, out: ByteWriter): void {
  const high = word(source, start + 4) >>> 0;
  if (high >= SAFE_HIGH) return putBigint(out, source.readBigUInt64LE(start));
  out.reserve(24);
  out.position = putUnsigned(out.bytes, out.position, high * TWO_32 + (word(source, start) >>> 0));
}

function writeInt64(source: Buffer, start: number, _end: number, out: ByteWriter): void {
  const high = word(source, start + 4);
  const low = word(source, start) >>> 0;
  if (high >= SAFE_HIGH || high < -SAFE_HIGH || (high === -SAFE_HIGH && low === 0)) {
    return putBigint(out, source.readBigInt64LE(start));
  }
  putNumber(out, high * TWO_32 + low);
}

function word(source: Buffer, at: number): number {
  return source[at]! | (source[at + 1]! << 8) | (source[at + 2]! << 16) | (source[at + 3]! << 24);
}

function putNumber(out: ByteWriter, value: number): void {
  out.reserve(24);
  out.position = putInteger(out.bytes, out.position, value);
}
