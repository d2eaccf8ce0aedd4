import type { RecordsBatch } from '@platformatic/kafka';
import { expect, test } from 'vitest';
import { committedRecords } from '../src/committed-records.ts';

const TRANSACTIONAL = 0x10;
const CONTROL = 0x30;

function batch(
  firstOffset: number,
  producer: number,
  values: readonly string[],
  attributes = TRANSACTIONAL,
): RecordsBatch {
  return {
    firstOffset: BigInt(firstOffset),
    length: 0,
    partitionLeaderEpoch: 0,
    magic: 2,
    crc: 0,
    attributes,
    lastOffsetDelta: values.length - 1,
    firstTimestamp: 1000n,
    maxTimestamp: 1000n,
    producerId: BigInt(producer),
    producerEpoch: 0,
    firstSequence: 0,
    records: values.map((value, offsetDelta) => ({
      length: 0,
      attributes: 0,
      timestampDelta: BigInt(offsetDelta),
      offsetDelta,
      key: Buffer.from('k'),
      value: Buffer.from(value),
      headers: [],
    })),
  };
}

/** An abort (0) or commit (1) marker. */
function marker(offset: number, producer: number, type: 0 | 1): RecordsBatch {
  const control = batch(offset, producer, [''], CONTROL);
  for (const record of control.records) record.key = Buffer.from([0, 0, 0, type]);
  return control;
}

function read(from: number, batches: readonly RecordsBatch[], aborted: readonly [number, number][] = []) {
  const transactions = aborted.map(([producerId, first]) => ({
    producerId: BigInt(producerId),
    firstOffset: BigInt(first),
  }));
  const { records, next } = committedRecords('t', 0, BigInt(from), batches, transactions);
  return { next, read: records.map((r) => `${r.offset}:${String(r.value)}@${r.timestamp}`) };
}

test('markers are not shown but passed', () => {
  expect(read(0, [batch(0, 1, ['a', 'b']), marker(2, 1, 1)])).toEqual({
    next: 3n,
    read: ['0:a@1000', '1:b@1001'],
  });
});

test('aborted batches are dropped up to their marker; the same producer goes on after it', () => {
  const batches = [
    batch(0, 1, ['x']),
    batch(1, 2, ['a']),
    batch(2, 1, ['y']),
    marker(3, 1, 0),
    batch(4, 1, ['b']),
    marker(5, 1, 1),
  ];
  expect(read(0, batches, [[1, 0]])).toEqual({ next: 6n, read: ['1:a@1000', '4:b@1000'] });
});

test('two aborted transactions of one producer, one after the other', () => {
  const batches = [
    batch(0, 1, ['x']),
    marker(1, 1, 0),
    batch(2, 1, ['a']),
    marker(3, 1, 1),
    batch(4, 1, ['y']),
    marker(5, 1, 0),
  ];
  expect(
    read(0, batches, [
      [1, 4],
      [1, 0],
    ]),
  ).toEqual({ next: 6n, read: ['2:a@1000'] });
});

test('records outside of transactions are shown whatever their producer', () => {
  expect(read(0, [batch(0, 1, ['a'], 0), marker(1, 1, 0)], [[1, 0]]).read).toEqual(['0:a@1000']);
});

test('a batch that begins before the offset asked for is shown from it on', () => {
  expect(read(6, [batch(5, 1, ['a', 'b', 'c'])])).toEqual({ next: 8n, read: ['6:b@1001', '7:c@1002'] });
});

test('nothing fetched: nothing read, no step', () => {
  expect(read(7, [])).toEqual({ next: 7n, read: [] });
});

test('the append time of the broker, where the topic has it, counts for every record of a batch', () => {
  const appended = { ...batch(0, 1, ['a', 'b'], TRANSACTIONAL | 0x08), maxTimestamp: 5000n };
  expect(read(0, [appended]).read).toEqual(['0:a@5000', '1:b@5000']);
});
