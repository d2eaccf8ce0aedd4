import { describe, expect, test } from 'vitest';
import { appendJson } from '../../src/stream/control-writer.ts';
import { BatchPool, PublishBuffer } from '../../src/stream/publish-buffer.ts';
import { recordsOf } from '../support/buffer-records.ts';
import { rowsEvent } from '../support/rows-events.ts';
import { begin, ORDERS, registryOf, streamOf } from '../support/streams.ts';

function bufferOf(maxMessageBytes: number): PublishBuffer {
  return new PublishBuffer(new BatchPool(), maxMessageBytes);
}

function append(buffer: PublishBuffer, partition: number, value: unknown): void {
  appendJson(buffer, { topic: 't', partition }, 'k', value, 1000, { a: 'b' });
}

describe('PublishBuffer', () => {
  test('keeps one open batch per partition and the order within it', () => {
    const buffer = bufferOf(100_000);
    expect(buffer.isEmpty).toBe(true);
    append(buffer, 1, 'first');
    append(buffer, 0, 'other');
    append(buffer, 1, 'second');
    expect(buffer.batches.map(({ partition, batch }) => [partition, batch.count])).toEqual([
      [1, 2],
      [0, 1],
    ]);
    expect(recordsOf(buffer)).toEqual([
      { topic: 't', partition: 1, key: 'k', value: '"first"', headers: { a: 'b' } },
      { topic: 't', partition: 1, key: 'k', value: '"second"', headers: { a: 'b' } },
      { topic: 't', partition: 0, key: 'k', value: '"other"', headers: { a: 'b' } },
    ]);
    expect(buffer.bytes).toBe(buffer.batches.reduce((sum, { batch }) => sum + batch.byteLength, 0));
  });

  test('begins a further batch before one grows too large', () => {
    const buffer = bufferOf(10_000);
    for (let i = 0; i < 30; i++) append(buffer, 0, 'x'.repeat(1000));
    expect(buffer.batches.length).toBeGreaterThan(3);
    for (const { batch } of buffer.batches) expect(batch.byteLength).toBeLessThan(10_000);
    expect(recordsOf(buffer)).toHaveLength(30);
  });

  test('is empty after clear, and its memory serves the next batches', () => {
    const pool = new BatchPool();
    const buffer = new PublishBuffer(pool, 10_000);
    append(buffer, 0, 'x');
    const [used] = buffer.batches;
    buffer.clear();
    expect([buffer.isEmpty, buffer.bytes, buffer.rows]).toEqual([true, 0, 0]);
    append(buffer, 3, 'y');
    expect(buffer.batches[0]?.batch).toBe(used?.batch);
    expect(recordsOf(buffer)).toMatchObject([{ partition: 3, value: '"y"' }]);
  });

  test('wide rows of one partition do not share a batch that Kafka would refuse', () => {
    const registry = registryOf();
    registry.setPartitions('p.shop.orders', 1);
    const maxMessageBytes = 100_000;
    const { stream, buffer } = streamOf({ registry, maxMessageBytes });
    const wide = JSON.stringify('x'.repeat(60_000));
    begin(stream, 200);
    const rows = ['1', '2', '3', '4'].map((id) => [id, id === '4' ? '"narrow"' : wide]);
    stream.onRows(rowsEvent({ table: ORDERS, operation: 'INSERT', start: 300, rows }));
    const batches = buffer.batches.filter(({ topic }) => topic === 'p.shop.orders');
    for (const { batch } of batches) expect(batch.byteLength).toBeLessThan(maxMessageBytes);
    const keys = recordsOf(buffer).filter(({ headers }) => headers['operation'] === 'INSERT');
    expect(keys.map(({ key }) => key)).toEqual(['{"id":1}', '{"id":2}', '{"id":3}', '{"id":4}']);
    expect(buffer.rows).toBe(4);
  });
});
