import { inflateSync, zstdDecompressSync } from 'node:zlib';
import { BinlogError } from './errors.ts';
import type { EventCursor } from './event-cursor.ts';

/** What one packed event or transaction may take unpacked, in bytes. */
const MAX_UNPACKED_BYTES = 2 ** 31;

const MARIADB_PACKED = 0x80;
const MARIADB_ALGORITHM = 0x70;
const MARIADB_LENGTH_BYTES = 0x07;

/**
 * The packed part of MariaDB's compressed events (`log_bin_compress`): one byte with the algorithm (only zlib exists)
 * and the width of the big endian length behind it, then the stream.
 *
 * @throws BinlogError PAYLOAD_UNREADABLE
 */
export function inflateEvent(packed: Buffer): Buffer {
  const header = packed[0] ?? 0;
  const width = header & MARIADB_LENGTH_BYTES;
  if ((header & MARIADB_PACKED) === 0 || (header & MARIADB_ALGORITHM) !== 0 || width < 1 || width > 4) {
    throw unreadable('the header of a compressed event is not known');
  }
  if (packed.length < 1 + width) throw unreadable('a compressed event is cut short');
  const length = packed.readUIntBE(1, width);
  return unpack(length, () => inflateSync(packed.subarray(1 + width), { maxOutputLength: limit(length) }));
}

const PAYLOAD_FIELD = { END: 0, SIZE: 1, COMPRESSION: 2, UNCOMPRESSED_SIZE: 3 } as const;
const ZSTD = 0;
const NONE = 255;

/**
 * The events inside a TRANSACTION_PAYLOAD (MySQL internals, "Transaction_payload_event"): fields of type, length and
 * value, each a length-encoded integer, then the payload.
 *
 * @throws BinlogError PAYLOAD_UNREADABLE
 */
export function readPayload(cursor: EventCursor): Buffer {
  let size = cursor.left;
  let compression = ZSTD;
  let uncompressedSize = 0;
  for (;;) {
    const field = cursor.lengthEncoded();
    if (field === PAYLOAD_FIELD.END) break;
    const next = cursor.lengthEncoded();
    const end = cursor.position + next;
    const value = field <= PAYLOAD_FIELD.UNCOMPRESSED_SIZE ? cursor.lengthEncoded() : 0;
    if (field === PAYLOAD_FIELD.SIZE) size = value;
    else if (field === PAYLOAD_FIELD.COMPRESSION) compression = value;
    else if (field === PAYLOAD_FIELD.UNCOMPRESSED_SIZE) uncompressedSize = value;
    if (end < cursor.position) throw unreadable('a compressed transaction has a field of a wrong length');
    cursor.skip(end - cursor.position);
  }
  const packed = cursor.take(size);
  if (compression === NONE) return packed;
  if (compression !== ZSTD) throw unreadable(`compression type ${compression} is not known`);
  return unpack(uncompressedSize, () =>
    zstdDecompressSync(packed, { maxOutputLength: limit(uncompressedSize) }),
  );
}

/** The unpacker fails beyond the announced length, so garbled bytes cannot fill the memory. */
function limit(length: number): number {
  if (length > MAX_UNPACKED_BYTES) throw unreadable(`${length} bytes are more than can be unpacked at once`);
  return Math.max(length, 1);
}

function unpack(length: number, work: () => Buffer): Buffer {
  let bytes: Buffer;
  try {
    bytes = work();
  } catch (error) {
    if (error instanceof BinlogError) throw error;
    throw unreadable('compressed bytes cannot be unpacked', error);
  }
  if (bytes.length !== length) throw unreadable('compressed bytes have not the length they announce');
  return bytes;
}

function unreadable(message: string, cause?: unknown): BinlogError {
  return new BinlogError('PAYLOAD_UNREADABLE', message, {}, cause);
}
