import fc from 'fast-check';
import { Reader, readRecordsBatch } from '@platformatic/kafka';
import { describe, expect, test } from 'vitest';
import { encodeHeader, encodeHeaderCount, RecordBatchBuilder } from '../src/index.ts';
import { compressRecords, finishBatch, recordsOf, type Compression } from '../src/record-batch-wire.ts';
import { BufferTarget } from './support/buffer-target.ts';
import { addRecord, batchOf, type TestRecord } from './support/records.ts';

const PRODUCER = { producerId: 7n, producerEpoch: 3 };

async function wireOf(
  builder: RecordBatchBuilder,
  compression: Compression = 'none',
  sequence = 0,
): Promise<Buffer> {
  const body = await compressRecords(recordsOf(builder), compression);
  const wire = finishBatch(builder, body, compression, PRODUCER, sequence);
  return Buffer.concat([wire.header, wire.body]);
}

/** Decodes by the client library's reader, which shares no code with the builder. */
async function decode(builder: RecordBatchBuilder, compression?: Compression): Promise<TestRecord[]> {
  const batch = readRecordsBatch(Reader.from(await wireOf(builder, compression)));
  return batch.records.map((record) => ({
    timestamp: Number(batch.firstTimestamp + record.timestampDelta),
    key: String(record.key),
    value: record.value?.toString() ?? null,
    headers: Object.fromEntries(record.headers.map(([name, value]) => [String(name), String(value)])),
  }));
}

const record = (key: string, value: string | null, timestamp = 1000, headers = {}): TestRecord => ({
  key,
  value,
  timestamp,
  headers,
});

describe('records', () => {
  test('key, value, headers and timestamps come back', async () => {
    const records = [
      record('{"id":1}', '{"a":"ä"}', 1_795_252_177_716, {
        operation: 'INSERT',
        sequence: '0010000020053760849',
      }),
      record('{"id":2}', null, 1_795_252_177_720),
      record('{"id":3}', '', 1_795_252_177_000, { empty: '' }),
    ];
    expect(await decode(batchOf(records))).toEqual(records);
  });

  test.each(['zstd', 'lz4', 'gzip', 'none'] as const)(
    '%s is readable, small and large',
    async (compression) => {
      const small = [record('k', 'v')];
      const large = Array.from({ length: 500 }, (_, i) => record(`key ${i}`, `value ${i} `.repeat(i % 40)));
      expect(await decode(batchOf(small), compression)).toEqual(small);
      expect(await decode(batchOf(large), compression)).toEqual(large);
    },
  );

  test('a value whose length needs more or fewer length bytes than the one before is moved', async () => {
    const lengths = [0, 63, 64, 8191, 8192, 1, 1_048_576, 10, 8192, 63, 300_000, 0];
    const records = lengths.map((length, i) => record(`k${i}`, 'x'.repeat(length), 1000, { n: String(i) }));
    expect(await decode(batchOf(records))).toEqual(records);
  });

  test('any records come back (fast-check prints the seed of a failure)', async () => {
    const anyRecord = fc.record({
      timestamp: fc.integer({ min: 0, max: 4_102_444_800_000 }),
      key: fc.string({ unit: 'binary', maxLength: 80 }),
      value: fc.option(fc.integer({ min: 0, max: 20_000 }).map((n) => 'v'.repeat(n))),
      headers: fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), fc.string({ maxLength: 100 }), {
        noNullPrototype: true,
      }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(anyRecord, { minLength: 1, maxLength: 20 }), async (records) => {
        const decoded = await decode(batchOf(records));
        expect(decoded).toEqual(records);
      }),
      { numRuns: 60 },
    );
  });

  test('a header encoded once equals one encoded in place', () => {
    const once = new RecordBatchBuilder(new BufferTarget());
    const inPlace = new RecordBatchBuilder(new BufferTarget());
    const value = Buffer.from('UPDATE');
    once.rawHeader(encodeHeader('operation', 'UPDATE'));
    inPlace.header(Buffer.from('operation'), value, 0, value.length);
    expect(recordsOf(once).toString('hex')).toBe(recordsOf(inPlace).toString('hex'));
  });
});

test('headers may come in stretches that were encoded before', () => {
  const value = Buffer.from('007');
  const inPlace = new RecordBatchBuilder(new BufferTarget());
  inPlace.headerCount(2);
  inPlace.rawHeader(encodeHeader('a', 'b'));
  inPlace.header(Buffer.from('n'), value, 0, value.length);
  const stretches = new RecordBatchBuilder(new BufferTarget());
  const upToValue = encodeHeader('n', '000').subarray(0, -3);
  stretches.rawHeaders(Buffer.concat([encodeHeaderCount(2), encodeHeader('a', 'b'), upToValue]));
  stretches.rawHeaders(value);
  expect(recordsOf(stretches).toString('hex')).toBe(recordsOf(inPlace).toString('hex'));
});

describe('lengths are canonical varints', () => {
  test('one record, byte by byte', () => {
    const bytes = recordsOf(batchOf([record('k', 'v', 5, { h: 'x' })]));
    // length 12, attributes 0, timestamp delta 0, offset delta 0, key 1 byte, value 1 byte, 1 header h = x
    expect(bytes.toString('hex')).toBe('18' + '00' + '00' + '00' + '026b' + '0276' + '02' + '0268' + '0278');
  });

  test('the same record takes the same bytes whatever came before it', () => {
    const alone = recordsOf(batchOf([record('k', 'v')]));
    const builder = batchOf([record('k', 'x'.repeat(100_000))]);
    builder.reset();
    addRecord(builder, record('k', 'v'));
    expect(recordsOf(builder).toString('hex')).toBe(alone.toString('hex'));
  });
});

describe('an open record', () => {
  test('rewind drops it, its timestamp included', async () => {
    const builder = new RecordBatchBuilder(new BufferTarget());
    builder.begin(9000);
    builder.key(Buffer.from('dropped'), 0, 7);
    builder.rewind();
    addRecord(builder, record('a', '1', 2000));
    builder.begin(9000);
    builder.beginValue();
    builder.rewind();
    addRecord(builder, record('b', '2', 2500));
    expect(await decode(builder)).toEqual([record('a', '1', 2000), record('b', '2', 2500)]);
    expect(builder.maxTimestamp).toBe(2500);
    expect(builder.count).toBe(2);
  });

  test('reset empties the batch', () => {
    const builder = batchOf([record('a', '1', 5000)]);
    builder.reset();
    expect(builder.count).toBe(0);
    expect(builder.byteLength).toBe(61);
    addRecord(builder, record('a', '1', 3000));
    expect([builder.firstTimestamp, builder.maxTimestamp]).toEqual([3000, 3000]);
  });
});
