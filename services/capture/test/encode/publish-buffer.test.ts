import { describe, expect, test } from 'vitest';
import { appendJson } from '../../src/encode/control-writer.ts';
import { BatchPool, type PublishBuffer } from '../../src/encode/publish-buffer.ts';
import { recordsOf } from '../support/buffer-records.ts';
import { bufferOf } from '../support/buffers.ts';
import { rowsEvent } from '../support/rows-events.ts';
import { begin, ORDERS, registryOf, streamOf } from '../support/streams.ts';

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

  test('has each full batch compressed while the next one fills', async () => {
    const begun: number[] = [];
    const buffer = bufferOf(10_000, (batch) => {
      begun.push(batch.count);
      return Promise.resolve(Buffer.from(`${batch.count}`));
    });
    const counts: number[] = [];
    while (begun.length < 2) {
      append(buffer, 0, 'x'.repeat(1000));
      append(buffer, 1, 'narrow');
      counts.push(begun.length);
    }
    expect(counts.filter((count) => count === 0)).toHaveLength(begun[0] ?? 0);
    expect(await Promise.all(buffer.batches.map(async ({ compressed }) => compressed))).toEqual([
      Buffer.from(`${begun[0]}`), // partition 0
      undefined, // partition 1: still open
      Buffer.from(`${begun[1]}`),
      undefined,
    ]);
    expect(buffer.batches.map(({ partition }) => partition)).toEqual([0, 1, 0, 0]);
  });

  test('a compression that fails is left to who publishes the batch', async () => {
    const buffer = bufferOf(10_000, () => Promise.reject(new Error('no memory')));
    for (let i = 0; i < 12; i++) append(buffer, 0, 'x'.repeat(1000));
    await expect(buffer.batches[0]?.compressed).rejects.toThrow('no memory');
  });

  test('is empty after clear, and its memory serves the next batches', () => {
    const buffer = bufferOf(10_000);
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
    registry.admit('shop', 'orders', 1);
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

describe('BatchPool', () => {
  test('gives memory out again, and keeps no more than a bound of it', () => {
    const pool = new BatchPool();
    const [small, large] = [pool.take(), pool.take()];
    large.out.reserve(65 * 1024 * 1024);
    pool.give(large);
    pool.give(small);
    expect(pool.take()).toBe(small);
    expect(pool.take()).not.toBe(large);
  });
});
