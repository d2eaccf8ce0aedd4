import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { crc32c } from '@node-rs/crc32';
import { compressionsAlgorithms } from '@platformatic/kafka';
import { BATCH_HEADER_BYTES, type RecordBatchBuilder } from './record-batch-builder.ts';

export type Compression = 'zstd' | 'lz4' | 'gzip' | 'none';

/** What a broker checks to refuse a second copy of a batch (KIP-98): identity and place of its first record. */
export interface ProducerIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

/** A batch as it goes over the wire: `header` then `body`. Not copied together: the socket's writer does that once. */
export interface WireBatch {
  readonly header: Buffer;
  readonly body: Buffer;
  readonly byteLength: number;
}

const CODEC_BITS: Record<Compression, number> = { none: 0, gzip: 1, lz4: 3, zstd: 4 };
const TRANSACTIONAL_BIT = 0x10;
const MAGIC = 2;
/** The checksum covers everything after itself (offset 17 + 4). */
const CRC_START = 21;

/** The window of 128 KiB instead of 512 packs these records as small, in two thirds of the time: it stays in the CPU's cache. */
const ZSTD_FASTEST = { [zlib.constants.ZSTD_c_compressionLevel]: 1, [zlib.constants.ZSTD_c_windowLog]: 17 };
const GZIP_FASTEST = 1;
/**
 * Below this a trip to the thread pool costs more than it saves. Above, per 900 KB batch (measured): zstd in the pool takes
 * 2.5 ms of CPU of which 0.5 on this thread, in place 2.2 ms, all of it on this thread.
 */
const THREAD_POOL_FROM_BYTES = 64 * 1024;
/** Output comes in pieces of `chunkSize`, each a trip of its own: at Node's default of 16 KiB the same batch takes 4.2 ms. */
const MIN_CHUNK_BYTES = 1024;
const MAX_CHUNK_BYTES = 64 * 1024;
const gzipInPool = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gzip);

/** Compresses a batch's records. Large ones go to the thread pool: the caller fills the next batch meanwhile. */
export async function compressRecords(records: Buffer, compression: Compression): Promise<Buffer> {
  const inPool = records.length >= THREAD_POOL_FROM_BYTES;
  const chunkSize = Math.min(Math.max(records.length, MIN_CHUNK_BYTES), MAX_CHUNK_BYTES);
  switch (compression) {
    case 'none':
      return records;
    case 'zstd': {
      const options = { params: ZSTD_FASTEST, chunkSize };
      if (!inPool) return zlib.zstdCompressSync(records, options);
      return promisify<Buffer, zlib.ZstdOptions, Buffer>(zlib.zstdCompress)(records, options);
    }
    case 'gzip': {
      const options = { level: GZIP_FASTEST, chunkSize };
      return inPool ? gzipInPool(records, options) : zlib.gzipSync(records, options);
    }
    case 'lz4':
      // Kafka wants LZ4's frame format; Node has no LZ4, the transport library ships one (WebAssembly, no thread).
      return compressionsAlgorithms.lz4.compressSync(records);
  }
}

/** What records would take compressed; in place, for the rare case in which that must be known at once. */
export function compressedBytes(records: Buffer, compression: Compression): number {
  switch (compression) {
    case 'none':
      return records.length;
    case 'zstd':
      return zlib.zstdCompressSync(records, { params: ZSTD_FASTEST }).length;
    case 'gzip':
      return zlib.gzipSync(records, { level: GZIP_FASTEST }).length;
    case 'lz4':
      return compressionsAlgorithms.lz4.compressSync(records).length;
  }
}

/** The records of a builder, without a copy: not to be changed before the batch has been sent. */
export function recordsOf(builder: RecordBatchBuilder): Buffer {
  return builder.out.bytes.subarray(BATCH_HEADER_BYTES, builder.out.position);
}

/**
 * Writes the 61 bytes of a RecordBatch v2's header into the room that the builder kept for them.
 * `body` is what `compressRecords` gave. `baseSequence`: number of the first record in this producer's
 * partition, modulo 2^31.
 */
export function finishBatch(
  builder: RecordBatchBuilder,
  body: Buffer,
  compression: Compression,
  producer: ProducerIdentity,
  baseSequence: number,
): WireBatch {
  const header = builder.out.bytes.subarray(0, BATCH_HEADER_BYTES);
  header.writeBigInt64BE(0n, 0); // base offset: the broker sets it
  header.writeInt32BE(BATCH_HEADER_BYTES - 12 + body.length, 8);
  header.writeInt32BE(-1, 12); // partition leader epoch: the broker sets it
  header[16] = MAGIC;
  header.writeInt16BE(CODEC_BITS[compression] | TRANSACTIONAL_BIT, 21);
  header.writeInt32BE(builder.count - 1, 23);
  writeInt64(header, 27, builder.firstTimestamp);
  writeInt64(header, 35, builder.maxTimestamp);
  header.writeBigInt64BE(producer.producerId, 43);
  header.writeInt16BE(producer.producerEpoch, 51);
  header.writeInt32BE(baseSequence, 53);
  header.writeInt32BE(builder.count, 57);
  header.writeUInt32BE(crc32c(body, crc32c(header.subarray(CRC_START))), 17);
  return { header, body, byteLength: header.length + body.length };
}

/** Sequence numbers go from 2^31−1 on to 0 (as Kafka's own producer and broker count: DefaultRecordBatch). */
export function advanceSequence(sequence: number, records: number): number {
  return (sequence + records) % 0x80000000;
}

function writeInt64(bytes: Buffer, at: number, value: number): void {
  const high = Math.floor(value / 0x100000000);
  bytes.writeInt32BE(high, at);
  bytes.writeUInt32BE(value - high * 0x100000000, at + 4);
}
