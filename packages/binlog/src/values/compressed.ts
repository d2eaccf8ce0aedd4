import { inflateRawSync, inflateSync } from 'node:zlib';
import { BinlogError } from '../errors.ts';
import type { ValueWriter } from './value-writer.ts';

/** A column value is never longer than LONGBLOB allows; garbled lengths must not take the memory of the process. */
const MAX_VALUE_BYTES = 2 ** 32 - 1;
const ZLIB = 8;

/**
 * A value of a MariaDB column declared COMPRESSED: one byte with the method in its upper half (0 = as it is, 8 = zlib),
 * the width of the following length in its lower three bits, bit 3 for a stream without zlib's own header.
 */
export function compressedWriter(write: ValueWriter): ValueWriter {
  return (source, start, end, out) => {
    if (start === end) return write(source, start, end, out);
    const header = source[start]!;
    if (header >> 4 === 0) return write(source, start + 1, end, out);
    if (header >> 4 !== ZLIB) throw unreadable();
    const value = inflate(source.subarray(start + 1 + (header & 7), end), (header & 8) !== 0);
    write(value, 0, value.length, out);
  };
}

function inflate(bytes: Buffer, raw: boolean): Buffer {
  const options = { maxOutputLength: MAX_VALUE_BYTES };
  try {
    return raw ? inflateRawSync(bytes, options) : inflateSync(bytes, options);
  } catch (error) {
    throw unreadable(error);
  }
}

function unreadable(cause?: unknown): BinlogError {
  return new BinlogError('VALUE_INVALID', 'a compressed column value cannot be unpacked', {}, cause);
}
