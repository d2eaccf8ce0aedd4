import { crc32c, Reader, readRecordsBatch } from '@platformatic/kafka';
import { expect, test } from 'vitest';
import { advanceSequence, compressRecords, finishBatch, recordsOf } from '../src/record-batch-wire.ts';
import { batchOf } from './support/records.ts';

const RECORDS = [
  { key: 'a', value: '1', timestamp: 5_000_000_000_000 },
  { key: 'b', value: '2', timestamp: 4_999_999_999_999 },
  { key: 'c', value: '3', timestamp: 5_000_000_086_400 },
];

async function finished(compression: 'zstd' | 'none'): Promise<Buffer> {
  const builder = batchOf(RECORDS);
  const body = await compressRecords(recordsOf(builder), compression);
  const producer = { producerId: 4_294_967_299n, producerEpoch: 12 };
  const wire = finishBatch(builder, body, compression, producer, 2_147_483_646);
  expect(wire.byteLength).toBe(wire.header.length + wire.body.length);
  return Buffer.concat([wire.header, wire.body]);
}

test.each([
  ['none', 0x10],
  ['zstd', 0x14],
] as const)('the header of a batch with codec %s', async (compression, attributes) => {
  const bytes = await finished(compression);
  const batch = readRecordsBatch(Reader.from(bytes));
  expect(batch).toMatchObject({
    firstOffset: 0n,
    length: bytes.length - 12,
    magic: 2,
    attributes,
    lastOffsetDelta: 2,
    firstTimestamp: 5_000_000_000_000n,
    maxTimestamp: 5_000_000_086_400n,
    producerId: 4_294_967_299n,
    producerEpoch: 12,
    firstSequence: 2_147_483_646,
  });
  expect(batch.records).toHaveLength(3);
});

test('the checksum covers everything after itself', async () => {
  const bytes = await finished('zstd');
  expect(bytes.readUInt32BE(17)).toBe(crc32c(bytes.subarray(21)));
});

test('sequence numbers go from 2^31−1 on to 0', () => {
  expect(advanceSequence(0, 5)).toBe(5);
  expect(advanceSequence(2_147_483_646, 1)).toBe(2_147_483_647);
  expect(advanceSequence(2_147_483_647, 1)).toBe(0);
  expect(advanceSequence(2_147_483_646, 3)).toBe(1);
});
