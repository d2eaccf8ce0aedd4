import type { ByteWriter } from '../byte-writer.ts';
import { BinlogError } from '../errors.ts';
import { putAscii, putInteger } from './digits.ts';

/** The smallest 32-bit value with all its precision. */
const SMALLEST_NORMAL = 2 ** -126;

/** FLOAT: the shortest decimal text that reads back as the same 32-bit value. */
export function writeFloat(source: Buffer, start: number, _end: number, out: ByteWriter): void {
  putFloat(out, source.readFloatLE(start));
}

/** DOUBLE: the shortest text, as JavaScript writes it. */
export function writeDouble(source: Buffer, start: number, _end: number, out: ByteWriter): void {
  putDouble(out, source.readDoubleLE(start));
}

/** `value` must be exactly a 32-bit float. */
export function putFloat(out: ByteWriter, value: number): void {
  if (Number.isInteger(value) && Math.abs(value) < 16_777_216) return putDouble(out, value);
  // Six digits tell normal values apart that have no more; the tiny ones below may need fewer.
  const fewest = Math.abs(value) < SMALLEST_NORMAL ? 1 : 6;
  for (let digits = fewest; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return putDouble(out, shorter);
  }
  putDouble(out, Number(value.toPrecision(9)));
}

export function putDouble(out: ByteWriter, value: number): void {
  out.reserve(32);
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    out.position = putInteger(out.bytes, out.position, value);
    return;
  }
  if (!Number.isFinite(value)) {
    throw new BinlogError('VALUE_INVALID', 'a FLOAT or DOUBLE value is not a finite number');
  }
  // A zero keeps its sign, as the server shows it.
  const text = value === 0 ? '-0' : String(value);
  out.position = putAscii(out.bytes, out.position, text);
}
