import zlib from 'node:zlib';
import { BinlogError } from './errors.ts';
import type { EventCursor } from './event-cursor.ts';

/** What one event, or a transaction that is unpacked at once, may take unpacked, in bytes. */
export const MAX_UNPACKED_BYTES = 2 ** 31;
/** A block of zstd has at most half of that: https://www.rfc-editor.org/rfc/rfc8878#name-blocks */
const PIECE_BYTES = 256 * 1024;

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
  return unpack(length, () =>
    zlib.inflateSync(packed.subarray(1 + width), { maxOutputLength: limit(length) }),
  );
}

const PAYLOAD_FIELD = { END: 0, SIZE: 1, COMPRESSION: 2, UNCOMPRESSED_SIZE: 3 } as const;
const ZSTD = 0;
const NONE = 255;

/** The events inside a TRANSACTION_PAYLOAD, still packed unless the server left them as they were. */
export interface Payload {
  readonly bytes: Buffer;
  readonly isPacked: boolean;
  /** What the events take unpacked, in bytes. */
  readonly size: number;
}

/**
 * The body of a TRANSACTION_PAYLOAD (MySQL internals, "Transaction_payload_event"): fields of type, length and value, each
 * a length-encoded integer, then the payload.
 *
 * @throws BinlogError PAYLOAD_UNREADABLE
 */
export function readPayload(cursor: EventCursor): Payload {
  let packedSize = cursor.left;
  let compression = ZSTD;
  let size = 0;
  for (;;) {
    const field = cursor.lengthEncoded();
    if (field === PAYLOAD_FIELD.END) break;
    const next = cursor.lengthEncoded();
    const end = cursor.position + next;
    const value = field <= PAYLOAD_FIELD.UNCOMPRESSED_SIZE ? cursor.lengthEncoded() : 0;
    if (field === PAYLOAD_FIELD.SIZE) packedSize = value;
    else if (field === PAYLOAD_FIELD.COMPRESSION) compression = value;
    else if (field === PAYLOAD_FIELD.UNCOMPRESSED_SIZE) size = value;
    if (end < cursor.position) throw unreadable('a compressed transaction has a field of a wrong length');
    cursor.skip(end - cursor.position);
  }
  const bytes = cursor.take(packedSize);
  if (compression === NONE) return { bytes, isPacked: false, size: bytes.length };
  if (compression !== ZSTD) throw unreadable(`compression type ${compression} is not known`);
  return { bytes, isPacked: true, size };
}

/** @throws BinlogError PAYLOAD_UNREADABLE */
export function unpackAtOnce({ bytes, isPacked, size }: Payload): Buffer {
  if (!isPacked) return bytes;
  return unpack(size, () => zlib.zstdDecompressSync(bytes, { maxOutputLength: limit(size) }));
}

/**
 * The packed events in pieces of at most 512 KiB, unpacked as they are asked for. The last piece comes when it is certain
 * that all have together the length that the payload announces.
 *
 * @throws BinlogError PAYLOAD_UNREADABLE
 */
export async function* unpackInPieces({ bytes, size }: Payload): AsyncGenerator<Buffer, void> {
  const unpacking = zlib.createZstdDecompress({ chunkSize: PIECE_BYTES });
  let unpacked = 0;
  let held: Buffer | null = null;
  try {
    unpacking.end(bytes);
    for await (const piece of unpacking as AsyncIterable<Buffer>) {
      unpacked += piece.length;
      if (unpacked > size) break;
      if (held !== null) yield held;
      held = piece;
    }
  } catch (error) {
    throw unreadable('compressed bytes cannot be unpacked', error);
  }
  if (unpacked !== size) throw wrongLength();
  if (held !== null) yield held;
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
  if (bytes.length !== length) throw wrongLength();
  return bytes;
}

export function wrongLength(): BinlogError {
  return unreadable('compressed bytes have not the length they announce');
}

function unreadable(message: string, cause?: unknown): BinlogError {
  return new BinlogError('PAYLOAD_UNREADABLE', message, {}, cause);
}
