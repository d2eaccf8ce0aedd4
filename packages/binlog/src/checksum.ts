import { crc32 } from 'node:zlib';
import { BinlogError } from './errors.ts';
import { CHECKSUM_BYTES, EVENT, FLAG } from './event-types.ts';

const FLAGS_AT = 17;

/** Whether the last four bytes are the CRC32 of those before them. */
export function hasValidChecksum(event: Buffer): boolean {
  const end = event.length - CHECKSUM_BYTES;
  return end > 0 && crc32(event.subarray(0, end)) === event.readUInt32LE(end);
}

/** @throws BinlogError CHECKSUM_MISMATCH */
export function requireChecksum(event: Buffer, type: number, position: number): void {
  if (hasValidChecksum(event)) return;
  if (type === EVENT.FORMAT_DESCRIPTION && hasValidChecksum(closedFormat(event))) return;
  throw new BinlogError(
    'CHECKSUM_MISMATCH',
    `the event that ends at ${position} is damaged: its checksum differs`,
    {
      type,
      position,
    },
  );
}

/** The server sums a format event up as it will be when its file is closed: without the in-use flag. */
function closedFormat(event: Buffer): Buffer {
  const copy = Buffer.from(event);
  copy[FLAGS_AT] = copy[FLAGS_AT]! & ~FLAG.IN_USE;
  return copy;
}
