import { zstdCompressSync } from 'node:zlib';
import { uint } from './event-bytes.ts';

const SIZE = 1;
const COMPRESSION = 2;
const UNCOMPRESSED_SIZE = 3;

/** Body of a TRANSACTION_PAYLOAD event that holds these events, which have no checksums. */
export function payloadBody(events: Buffer, compression: 'zstd' | 'none'): Buffer {
  const packed = compression === 'zstd' ? zstdCompressSync(events) : events;
  return Buffer.concat([
    field(SIZE, packed.length),
    field(UNCOMPRESSED_SIZE, events.length),
    compression === 'zstd' ? Buffer.of(COMPRESSION, 1, 0) : Buffer.of(COMPRESSION, 3, 0xfc, 255, 0),
    Buffer.of(0),
    packed,
  ]);
}

/** Type, length and value as a length-encoded integer of nine bytes. */
function field(type: number, value: number): Buffer {
  return Buffer.concat([Buffer.of(type, 9, 0xfe), uint(value, 6), Buffer.alloc(2)]);
}
