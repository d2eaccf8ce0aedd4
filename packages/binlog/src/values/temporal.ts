import type { ByteWriter } from '../byte-writer.ts';
import { BinlogError } from '../errors.ts';
import { putPadded, putTwo, putUnsigned } from './digits.ts';
import type { ValueWriter } from './value-writer.ts';

const QUOTE = 0x22;
const DASH = 0x2d;
const COLON = 0x3a;
const SECONDS_A_DAY = 86_400;
/** What one unit of a stored fraction is divided by to get `f` digits: odd precisions are stored with one digit more. */
const DIVISOR = [1, 10, 1, 10, 1, 10, 1] as const;

/** Bytes of the fraction of a temporal value with `precision` digits (0–6). */
export function fractionWidth(precision: number): number {
  return (precision + 1) >> 1;
}

/** DATE: 3 bytes, day 5 bits, month 4 bits, year. Zero and partial dates stay as they are. */
export function writeDate(source: Buffer, start: number, _end: number, out: ByteWriter): void {
  const value = source[start]! | (source[start + 1]! << 8) | (source[start + 2]! << 16);
  out.reserve(16);
  out.bytes[out.position] = QUOTE;
  const place = putDate(out.bytes, out.position + 1, value >> 9, (value >> 5) & 15, value & 31);
  out.bytes[place] = QUOTE;
  out.position = place + 1;
}

/** TIME(f) since MySQL 5.6: a biased big endian number of hour 10 bits, minute 6, second 6, fraction. */
export function time2Writer(precision: number): ValueWriter {
  const width = fractionWidth(precision);
  const scale = 256 ** width;
  const bias = 0x80_0000 * scale;
  return (source, start, _end, out) => {
    const value = source.readUIntBE(start, 3 + width) - bias;
    const size = Math.abs(value);
    const packed = Math.floor(size / scale);
    putTime(
      out,
      value < 0,
      (packed >> 12) & 0x3ff,
      (packed >> 6) & 63,
      packed & 63,
      size - packed * scale,
      precision,
    );
  };
}

/** DATETIME(f) since MySQL 5.6: 5 bytes big endian, year × 13 + month 17 bits, day 5, hour 5, minute 6, second 6. */
export function datetime2Writer(precision: number): ValueWriter {
  const width = fractionWidth(precision);
  return (source, start, _end, out) => {
    // The sign bit is always set: no stored DATETIME is negative.
    const high = ((source[start]! & 0x7f) << 16) | (source[start + 1]! << 8) | source[start + 2]!;
    const low = (source[start + 3]! << 8) | source[start + 4]!;
    const months = high >> 6;
    const year = (months / 13) | 0;
    const fraction = width === 0 ? 0 : source.readUIntBE(start + 5, width);
    out.reserve(48);
    out.bytes[out.position++] = QUOTE;
    const rest = (high & 1) === 0 ? low : low | 0x1_0000;
    putDatePart(out, year, months - year * 13, (high >> 1) & 31);
    putClock(out, rest >> 12, (rest >> 6) & 63, rest & 63);
    putFraction(out, fraction, precision);
    out.bytes[out.position++] = QUOTE;
  };
}

/** TIMESTAMP(f) since MySQL 5.6: seconds since 1970 in 4 bytes big endian (unsigned: MariaDB reaches 2106), fraction. */
export function timestamp2Writer(precision: number): ValueWriter {
  const width = fractionWidth(precision);
  return (source, start, _end, out) => {
    const seconds =
      ((source[start]! << 24) |
        (source[start + 1]! << 16) |
        (source[start + 2]! << 8) |
        source[start + 3]!) >>>
      0;
    putInstant(out, seconds, width === 0 ? 0 : source.readUIntBE(start + 4, width), precision);
  };
}

/** TIMESTAMP of before MySQL 5.6 (and MariaDB's old format): 4 bytes little endian. */
export function writeOldTimestamp(source: Buffer, start: number, _end: number, out: ByteWriter): void {
  putInstant(out, source.readUInt32LE(start), 0, 0);
}

/** DATETIME of before MySQL 5.6: the number YYYYMMDDhhmmss, 8 bytes little endian. */
export function writeOldDatetime(source: Buffer, start: number, _end: number, out: ByteWriter): void {
  const value = source.readUIntLE(start, 6) + (source[start + 6]! + source[start + 7]! * 256) * 2 ** 48;
  const date = Math.floor(value / 1_000_000);
  const clock = value - date * 1_000_000;
  out.reserve(48);
  out.bytes[out.position++] = QUOTE;
  putDatePart(out, Math.floor(date / 10_000), Math.floor(date / 100) % 100, date % 100);
  putClock(out, Math.floor(clock / 10_000), Math.floor(clock / 100) % 100, clock % 100);
  out.bytes[out.position++] = QUOTE;
}

/** TIME of before MySQL 5.6: the signed number hhhmmss, 3 bytes little endian. */
export function writeOldTime(source: Buffer, start: number, _end: number, out: ByteWriter): void {
  const value = source.readIntLE(start, 3);
  const size = Math.abs(value);
  putTime(out, value < 0, Math.floor(size / 10_000), Math.floor(size / 100) % 100, size % 100, 0, 0);
}

let lastDay = -1;
let lastYear = 0;
let lastMonth = 0;
let lastDate = 0;

function putInstant(out: ByteWriter, seconds: number, fraction: number, precision: number): void {
  out.reserve(48);
  out.bytes[out.position++] = QUOTE;
  if (seconds === 0) {
    // Second 0 is how a zero timestamp is stored; 1970-01-01 00:00:00 itself cannot be.
    putDatePart(out, 0, 0, 0);
    putClock(out, 0, 0, 0);
  } else {
    const day = Math.floor(seconds / SECONDS_A_DAY);
    if (day !== lastDay) findDate(day);
    const second = seconds - day * SECONDS_A_DAY;
    putDatePart(out, lastYear, lastMonth, lastDate);
    putClock(out, (second / 3600) | 0, ((second / 60) | 0) % 60, second % 60);
  }
  putFraction(out, fraction, precision);
  out.bytes[out.position++] = 0x5a;
  out.bytes[out.position++] = QUOTE;
}

/** Days since 1970 to a Gregorian date, kept for the next value: instants of one day come together. */
function findDate(day: number): void {
  const date = new Date(day * SECONDS_A_DAY * 1000);
  lastDay = day;
  lastYear = date.getUTCFullYear();
  lastMonth = date.getUTCMonth() + 1;
  lastDate = date.getUTCDate();
}

function putTime(
  out: ByteWriter,
  negative: boolean,
  hours: number,
  minutes: number,
  seconds: number,
  fraction: number,
  precision: number,
): void {
  out.reserve(32);
  const bytes = out.bytes;
  bytes[out.position++] = QUOTE;
  if (negative) bytes[out.position++] = DASH;
  let place = hours < 100 ? putTwo(bytes, out.position, hours) : putUnsigned(bytes, out.position, hours);
  bytes[place++] = COLON;
  place = putTwo(bytes, place, minutes);
  bytes[place++] = COLON;
  out.position = putTwo(bytes, place, seconds);
  putFraction(out, fraction, precision);
  bytes[out.position++] = QUOTE;
}

function putDatePart(out: ByteWriter, year: number, month: number, day: number): void {
  const place = putDate(out.bytes, out.position, year, month, day);
  out.bytes[place] = 0x54;
  out.position = place + 1;
}

function putDate(bytes: Buffer, at: number, year: number, month: number, day: number): number {
  if (year > 9999 || month > 99) throw new BinlogError('VALUE_INVALID', 'a date is beyond the year 9999');
  let place = putPadded(bytes, at, year, 4);
  bytes[place++] = DASH;
  place = putTwo(bytes, place, month);
  bytes[place++] = DASH;
  return putTwo(bytes, place, day);
}

function putClock(out: ByteWriter, hours: number, minutes: number, seconds: number): void {
  const bytes = out.bytes;
  let place = putTwo(bytes, out.position, hours);
  bytes[place++] = COLON;
  place = putTwo(bytes, place, minutes);
  bytes[place++] = COLON;
  out.position = putTwo(bytes, place, seconds);
}

function putFraction(out: ByteWriter, fraction: number, precision: number): void {
  if (precision === 0) return;
  out.bytes[out.position++] = 0x2e;
  const digits = (fraction / DIVISOR[precision]!) | 0;
  out.position = putPadded(out.bytes, out.position, digits, precision);
}
