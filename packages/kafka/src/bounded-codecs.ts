import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { compressionsAlgorithms } from '@platformatic/kafka';
import { signedVarintWidth, writeSignedVarint } from './varint.ts';

/**
 * Bytes that a batch may have when it is unpacked. A megabyte of zstd can become 32 GB; a batch of capture has at most what
 * `topics.maxMessageBytes` allows, or a single row.
 */
export const UNPACKED_MAX = 256 * 1024 * 1024;

type Unpack = (packed: Buffer) => Buffer;

/** The batch is not unpacked: it would take more than `UNPACKED_MAX`. */
export class BatchTooLarge extends Error {
  constructor() {
    super(`a batch would have more than ${UNPACKED_MAX} bytes when it is unpacked`);
  }
}

const LIMIT = { maxOutputLength: UNPACKED_MAX };

/** One for each codec that a batch may have. They throw BatchTooLarge, or what is wrong with the bytes. */
export const BOUNDED: Readonly<Record<'gzip' | 'zstd' | 'lz4' | 'snappy', Unpack>> = {
  gzip: (packed) => limited(() => zlib.gunzipSync(packed, LIMIT)),
  zstd: (packed) => limited(() => zlib.zstdDecompressSync(packed, LIMIT)),
  lz4: boundedBy(lz4Bound, compressionsAlgorithms.lz4.decompressSync),
  snappy: boundedBy(snappyBound, compressionsAlgorithms.snappy.decompressSync),
};

/** The same in the thread pool, where Node.js has one for it. */
export const BOUNDED_IN_POOL: Readonly<Record<keyof typeof BOUNDED, (packed: Buffer) => Promise<Buffer>>> = {
  gzip: (packed) => limitedLater(promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip)(packed, LIMIT)),
  zstd: (packed) =>
    limitedLater(promisify<Buffer, zlib.ZstdOptions, Buffer>(zlib.zstdDecompress)(packed, LIMIT)),
  lz4: async (packed) => BOUNDED.lz4(packed),
  snappy: async (packed) => BOUNDED.snappy(packed),
};

/** No batch of brokers with the default `max.message.bytes` has more records that also unpack to more than `UNPACKED_MAX`. */
const STAND_INS = 1_000_000;
/** Bytes of a record beside its offset: attributes, time, key (none), value (`-`) and headers (Kafka documentation, "Record"). */
const STAND_IN_BYTES = 6;
/** A record's length, and the most that its offset takes. */
const MOST_BYTES = 1 + STAND_IN_BYTES + 3;

/** So many records that the reader finds as many as the batch is said to have: none of theirs, without a key, and each at its offset. */
export function standIns(): Buffer {
  const records = Buffer.alloc(STAND_INS * MOST_BYTES);
  let at = 0;
  for (let number = 0; number < STAND_INS; number++) {
    at = writeSignedVarint(records, at, STAND_IN_BYTES + signedVarintWidth(number));
    at += 2; // attributes and time: 0
    at = writeSignedVarint(records, at, number);
    at = writeSignedVarint(records, at, -1);
    at = writeSignedVarint(records, at, 1);
    records[at++] = 0x2d;
    at += 1; // headers: 0
  }
  return records.subarray(0, at);
}

/** The library that reads capture's own topics has one table of codecs for the whole process. */
export function boundLibrary(): void {
  for (const name of ['gzip', 'zstd', 'lz4', 'snappy'] as const)
    Object.assign(compressionsAlgorithms[name], { decompressSync: BOUNDED[name] });
}

function limited(unpack: () => Buffer): Buffer {
  try {
    return unpack();
  } catch (error) {
    throw told(error);
  }
}

async function limitedLater(unpacking: Promise<Buffer>): Promise<Buffer> {
  return unpacking.catch((error: unknown) => {
    throw told(error);
  });
}

function told(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ERR_BUFFER_TOO_LARGE' ? new BatchTooLarge() : error;
}

function boundedBy(bound: (packed: Buffer) => number, unpack: (packed: Buffer) => Buffer): Unpack {
  return (packed) => {
    if (bound(packed) > UNPACKED_MAX) throw new BatchTooLarge();
    return unpack(packed);
  };
}

const LZ4_BLOCKS: Readonly<Record<number, number>> = { 4: 65_536, 5: 262_144, 6: 1_048_576, 7: 4_194_304 };
/** A byte stands for 255 at most (LZ4 block format, "Compressed block format"). */
const LZ4_RATIO = 255;
const UNCOMPRESSED = 0x8000_0000;

/** The most that an LZ4 frame can become, by the sizes of its blocks (LZ4 frame format, "Data Blocks"); 0 for what is none. */
function lz4Bound(packed: Buffer): number {
  if (packed.length < 7) return 0;
  const flags = packed[4] ?? 0;
  const largest = LZ4_BLOCKS[((packed[5] ?? 0) >> 4) & 7] ?? 4_194_304;
  const checksum = (flags & 0x10) === 0 ? 0 : 4;
  let at = 7 + ((flags & 0x08) === 0 ? 0 : 8) + ((flags & 0x01) === 0 ? 0 : 4);
  let most = 0;
  while (at + 4 <= packed.length) {
    const size = packed.readUInt32LE(at);
    if (size === 0) break;
    const bytes = size & ~UNCOMPRESSED;
    most += size >= UNCOMPRESSED ? bytes : Math.min(largest, bytes * LZ4_RATIO);
    at += 4 + bytes + checksum;
  }
  return most;
}

/** Of the framing that Java's clients use (snappy-java, "xerial"): header, then chunks. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;

/** What the blocks say that they become (Snappy format description, "Preamble"). */
function snappyBound(packed: Buffer): number {
  if (!packed.subarray(0, XERIAL.length).equals(XERIAL)) return varint(packed, 0);
  let most = 0;
  for (let at = XERIAL_HEADER_BYTES; at + 4 <= packed.length;) {
    const size = packed.readUInt32BE(at);
    most += varint(packed, at + 4);
    at += 4 + size;
  }
  return most;
}

function varint(bytes: Buffer, start: number): number {
  let value = 0;
  for (let place = 0; place < 5; place++) {
    const byte = bytes[start + place] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * place);
    if (byte < 0x80) break;
  }
  return value;
}
