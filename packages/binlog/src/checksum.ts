import { crc32 } from 'node:zlib';
import { BinlogError } from './errors.ts';
import { CHECKSUM_BYTES, CRC32_ALGORITHM, EVENT, FLAG } from './event-types.ts';

const FLAGS_AT = 17;
/** Below this length a loop is faster than a call out of JavaScript; most events of small transactions are shorter. */
const SHORT = 192;

/** CRC-32 (IEEE 802.3, reflected polynomial 0xedb88320) of a byte, and of it with one to three zero bytes behind. */
const CRC = [byteSums(), new Int32Array(256), new Int32Array(256), new Int32Array(256)] as const;
for (let zeros = 1; zeros < 4; zeros++) {
  for (let byte = 0; byte < 256; byte++) {
    const sum = CRC[zeros - 1]![byte]!;
    CRC[zeros]![byte] = (sum >>> 8) ^ CRC[0][sum & 0xff]!;
  }
}
const [ONE, TWO, THREE, FOUR] = CRC;

/** Whether the last four bytes are the CRC32 of those before them. */
export function hasValidChecksum(event: Buffer): boolean {
  const end = event.length - CHECKSUM_BYTES;
  if (end <= 0) return false;
  const sum = end < SHORT ? shortCrc32(event, end) : crc32(event.subarray(0, end));
  return sum === event.readUInt32LE(end);
}

/** Four bytes at a time ("slicing by 4"). */
function shortCrc32(bytes: Buffer, end: number): number {
  let sum = -1;
  let at = 0;
  for (; at + 4 <= end; at += 4) {
    const word = sum ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
    sum = FOUR[word & 0xff]! ^ THREE[(word >>> 8) & 0xff]! ^ TWO[(word >>> 16) & 0xff]! ^ ONE[word >>> 24]!;
  }
  for (; at < end; at++) sum = (sum >>> 8) ^ ONE[(sum ^ bytes[at]!) & 0xff]!;
  return ~sum >>> 0;
}

function byteSums(): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let rest = byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest & 1) === 0 ? rest >>> 1 : (rest >>> 1) ^ 0xedb8_8320;
    return rest;
  });
}

/** @throws BinlogError CHECKSUM_MISMATCH */
export function requireChecksum(event: Buffer, type: number, position: number): void {
  if (hasValidChecksum(event)) return;
  if (type === EVENT.FORMAT_DESCRIPTION && hasValidChecksum(closedFormat(event))) return;
  throw mismatch(type, position);
}

/**
 * A format event that says "no checksums" but has a valid one if it said CRC32 was damaged at that very byte: believed,
 * it would let every damaged event behind it pass.
 *
 * @throws BinlogError CHECKSUM_MISMATCH
 */
export function refuseLostChecksum(format: Buffer, position: number): void {
  const restored = Buffer.from(format);
  restored[format.length - CHECKSUM_BYTES - 1] = CRC32_ALGORITHM;
  if (hasValidChecksum(restored) || hasValidChecksum(closedFormat(restored))) {
    throw mismatch(EVENT.FORMAT_DESCRIPTION, position);
  }
}

function mismatch(type: number, position: number): BinlogError {
  const message = `the event that ends at ${position} is damaged: its checksum differs`;
  return new BinlogError('CHECKSUM_MISMATCH', message, { type, position });
}

/** The server sums a format event up as it will be when its file is closed: without the in-use flag. */
function closedFormat(event: Buffer): Buffer {
  const copy = Buffer.from(event);
  copy[FLAGS_AT] = copy[FLAGS_AT]! & ~FLAG.IN_USE;
  return copy;
}
