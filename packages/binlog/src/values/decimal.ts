import type { ByteWriter } from '../byte-writer.ts';
import { BinlogError } from '../errors.ts';
import { putPadded, putUnsigned } from './digits.ts';
import type { ValueWriter } from './value-writer.ts';

/** Bytes that 0 … 9 decimal digits take in a packed DECIMAL. */
const BYTES_OF_DIGITS = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4] as const;
const LIMITS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9] as const;

/** Bytes of a packed DECIMAL(precision, scale). */
export function decimalWidth(precision: number, scale: number): number {
  return digitsWidth(precision - scale) + digitsWidth(scale);
}

/** DECIMAL as a JSON string with its scale kept: `"12.50"`. */
export function decimalWriter(precision: number, scale: number): ValueWriter {
  return (source, start, _end, out) => {
    out.reserve(precision + 8);
    out.bytes[out.position++] = 0x22;
    putDecimal(source, start, precision, scale, out);
    out.bytes[out.position++] = 0x22;
  };
}

/**
 * The digits of a packed decimal without quotes. Its format (MySQL internals, "decimal2bin"): digits in groups of nine as
 * big endian numbers, the short groups outermost; the first bit is inverted, and all bytes of a negative number are.
 * The caller has reserved precision + 6 bytes.
 */
export function putDecimal(
  source: Buffer,
  start: number,
  precision: number,
  scale: number,
  out: ByteWriter,
): void {
  const bytes = out.bytes;
  let place = out.position;
  const mask = (source[start]! & 0x80) === 0 ? 0xff : 0;
  if (mask !== 0) bytes[place++] = 0x2d;
  const whole = precision - scale;
  let at = start;
  let printed = false;
  for (let left = whole; left > 0;) {
    const digits = left % 9 === 0 ? 9 : left % 9;
    const value = readGroup(source, at, digits, mask, start);
    if (printed) place = putPadded(bytes, place, value, digits);
    else if (value > 0) {
      place = putUnsigned(bytes, place, value);
      printed = true;
    }
    at += BYTES_OF_DIGITS[digits]!;
    left -= digits;
  }
  if (!printed) bytes[place++] = 0x30;
  if (scale > 0) bytes[place++] = 0x2e;
  for (let left = scale; left > 0;) {
    const digits = left < 9 ? left : 9;
    place = putPadded(bytes, place, readGroup(source, at, digits, mask, start), digits);
    at += BYTES_OF_DIGITS[digits]!;
    left -= digits;
  }
  out.position = place;
}

function readGroup(source: Buffer, at: number, digits: number, mask: number, start: number): number {
  const width = BYTES_OF_DIGITS[digits]!;
  let value = 0;
  for (let index = at; index < at + width; index++) {
    const byte = source[index]! ^ mask;
    value = value * 256 + (index === start ? byte ^ 0x80 : byte);
  }
  if (value >= LIMITS[digits]!) {
    throw new BinlogError('VALUE_INVALID', 'a DECIMAL value has a group with too many digits', { digits });
  }
  return value;
}

function digitsWidth(digits: number): number {
  return Math.floor(digits / 9) * 4 + BYTES_OF_DIGITS[digits % 9]!;
}
