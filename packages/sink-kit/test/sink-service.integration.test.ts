import { randomUUID } from 'node:crypto';
import { deadLetterTopic, heartbeatTopic } from '@sluice/envelope';
import { ensureTopics, groupPositions, kafkaClient } from '@sluice/kafka';
import { startStack } from '@sluice/local-stack';
import {
  createLogger,
  createMetrics,
  loadedConfig,
  OperatorNeed,
  parseConfig,
  PipelineError,
  type SluiceConfig,
} from '@sluice/runtime';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { sinkBaseSchema, type SinkSettings } from '../src/settings.ts';
import type { Delivery, Sink } from '../src/sink.ts';
import { SinkService } from '../src/sink-service.ts';
import {
  conformanceColumns,
  inMemorySink,
  itemRow,
  sequenceAt,
  TestTopic,
  type InMemorySink,
} from '../src/testing/index.ts';

const stack = await startStack({ servers: ['kafka'] });
afterAll(() => stack.stop());
const log = createLogger('test', { level: process.env['TEST_LOG'] ?? 'silent' });
const kafka = kafkaClient({ brokers: [...stack.kafka.brokers], clientId: 'sink-service-test' }, log);
const PARTITIONS = 3;
const patience = { timeout: 30_000, interval: 50 };

/** A pipeline of its own: topics, group and sinks share no name with another test. */
class Pipeline {
  readonly name = `t${randomUUID()}`;
  readonly items = this.table('items');

  table(table: string): TestTopic {
    return new TestTopic({
      database: 'shop',
      table,
      columns: conformanceColumns,
      keyColumns: ['id'],
      prefix: this.name,
    });
  }

  async create(topic: string): Promise<void> {
    await ensureTopics(kafka, [{ name: topic, partitions: PARTITIONS, replicationFactor: 1, configs: {} }]);
  }

  async publish(...deliveries: Delivery[]): Promise<void> {
    const producer = kafka.producer({ allowAutoTopicCreation: false });
    await producer.connect();
    for (const { topic, key, value } of deliveries) {
      await producer.send({ topic, messages: [{ key, value: Buffer.from(value) }] });
    }
    await producer.disconnect();
  }

  /** As capture does: an end marker follows in each partition. */
  async publishInTransaction(...deliveries: Delivery[]): Promise<void> {
    const options = { transactionalId: this.name, idempotent: true, maxInFlightRequests: 1 };
    const producer = kafka.producer(options);
    await producer.connect();
    const transaction = await producer.transaction();
    for (const { topic, key, value } of deliveries) {
      await transaction.send({ topic, messages: [{ key, value: Buffer.from(value) }] });
    }
    await transaction.commit();
    await producer.disconnect();
  }

  insert(id: number, step: number, topic = this.items): Delivery {
    return topic.row({ operation: 'INSERT', sequence: sequenceAt(step), row: itemRow(id, step) });
  }

  get config(): SluiceConfig {
    const brokers = JSON.stringify(stack.kafka.brokers);
    return parseConfig(
      `pipeline: ${this.name}
source: { host: h, user: u, tables: ['*.*'] }
kafka: { brokers: ${brokers} }
topics: { partitions: ${PARTITIONS} }
sinks:
  memory:
    ops: { port: 0, metricsPort: 0 }
    retry: { initialMs: 10, maxMs: 50 }
    breaker: { resetMs: 500 }`,
      {},
    );
  }

  run(sink: Sink, metrics = createMetrics('test')): SinkService<SinkSettings> {
    const definition = { type: 'memory', schema: sinkBaseSchema, create: () => sink };
    const signal = new AbortController().signal;
    const need = new OperatorNeed({ onFatal: 'exit', registry: metrics.registry, log, signal });
    const name = 'sink-memory';
    const { config } = this;
    const loaded = loadedConfig(config, name, Date.now());
    const context = { name, config, loaded, env: {}, log, metrics, need, tracing: null, signal };
    const service = new SinkService(definition, context);
    onTestFinished(() => service.close());
    return service;
  }
}

const read = (sink: InMemorySink, id: number, table = 'items') =>
  sink.read('shop', table, JSON.stringify({ id }));

describe('a sink service on a real broker', () => {
  test('tells what it has not applied yet between two measurements of the lag, too; halted, it tells nothing that is another’s by now', async () => {
    const pipeline = new Pipeline();
    await pipeline.create(pipeline.items.topic);
    const gate = Promise.withResolvers<void>();
    const sink = inMemorySink();
    const write = sink.write.bind(sink);
    sink.write = async (batch, signal) => {
      await gate.promise;
      return write(batch, signal);
    };
    const metrics = createMetrics('test');
    const service = pipeline.run(sink, metrics);
    const lag = async (): Promise<readonly number[]> => {
      const found = await metrics.registry.getSingleMetric('cdc_consumer_lag_records')?.get();
      return (found?.values ?? []).map(({ value }) => value);
    };
    await expect.poll(lag, patience).toEqual(Array.from({ length: PARTITIONS }, () => 0));
    // One key has one partition. Long before the next measurement.
    await pipeline.publishInTransaction(
      ...Array.from({ length: 12 }, (_, step) => pipeline.insert(1, 10 + step)),
    );
    await expect
      .poll(async () => Math.max(...(await lag())), { timeout: 5000, interval: 50 })
      .toBeGreaterThan(1);
    gate.resolve();
    await expect
      .poll(async () => [await lag(), read(sink, 1)], patience)
      .toEqual([Array.from({ length: PARTITIONS }, () => 0), itemRow(1, 21)]);
    // A service that waits for a person still gives metrics.
    await service.halt();
    expect(await lag()).toEqual([]);
  });

  test('applies what is there and what comes, and finds a topic that is made later', async () => {
    const pipeline = new Pipeline();
    await pipeline.create(pipeline.items.topic);
    await pipeline.create(heartbeatTopic(pipeline.name));
    await pipeline.publish(pipeline.insert(1, 10), pipeline.insert(2, 11));
    const sink = inMemorySink();
    pipeline.run(sink);
    await expect.poll(() => read(sink, 2), patience).toEqual(itemRow(2, 11));
    await pipeline.publish(pipeline.insert(1, 12));
    await expect.poll(() => read(sink, 1), patience).toEqual(itemRow(1, 12));
    const later = pipeline.table('later');
    await pipeline.create(later.topic);
    await pipeline.publish(pipeline.insert(5, 20, later));
    await expect.poll(() => read(sink, 5, 'later'), patience).toEqual(itemRow(5, 20));
  });

  test('goes on where it stopped', async () => {
    const pipeline = new Pipeline();
    await pipeline.create(pipeline.items.topic);
    await pipeline.publish(pipeline.insert(1, 10));
    const first = inMemorySink();
    const service = pipeline.run(first);
    await expect.poll(() => read(first, 1), patience).toEqual(itemRow(1, 10));
    await service.close();
    await pipeline.publish(pipeline.insert(2, 11));
    const second = inMemorySink();
    pipeline.run(second);
    await expect.poll(() => read(second, 2), patience).toEqual(itemRow(2, 11));
    expect(read(second, 1)).toBeNull();
  });

  test('lets the store forget deletes once nothing older can come; a failure of that hinders nothing', async () => {
    const pipeline = new Pipeline();
    await pipeline.create(pipeline.items.topic);
    const asked: number[] = [];
    const purge = async (before: Date): Promise<number> => {
      asked.push(Date.now() - before.getTime());
      throw new PipelineError('SINK_UNEXPECTED', 'not now');
    };
    const sink = Object.assign(inMemorySink(), { purge });
    pipeline.run(sink);
    await pipeline.publish(pipeline.insert(1, 10));
    await expect.poll(() => read(sink, 1), patience).toEqual(itemRow(1, 10));
    expect(asked).toHaveLength(1);
    // The topic's seven days and the dead letters' thirty.
    expect(asked[0]).toBeGreaterThanOrEqual(37 * 86_400_000);
    expect(asked[0]).toBeLessThan(37 * 86_400_000 + 10_000);
  });

  test('buries an unreadable record in its dead-letter topic and goes on', async () => {
    const pipeline = new Pipeline();
    await pipeline.create(pipeline.items.topic);
    const broken = { ...pipeline.insert(1, 10), value: Buffer.from('{"broken') };
    await pipeline.publish(broken, pipeline.insert(1, 11));
    const sink = inMemorySink();
    pipeline.run(sink);
    await expect.poll(() => read(sink, 1), patience).toEqual(itemRow(1, 11));
    const letters = deadLetterTopic(pipeline.name, 'memory');
    await expect.poll(() => countRecords(letters), patience).toBe(1);
  });

  test('a second member takes over some of the partitions, and nothing is lost', async () => {
    const pipeline = new Pipeline();
    await pipeline.create(pipeline.items.topic);
    const [first, second] = [inMemorySink(), inMemorySink()];
    pipeline.run(first);
    await pipeline.publish(pipeline.insert(0, 1));
    await expect.poll(() => read(first, 0), patience).not.toBeNull();
    pipeline.run(second);
    let step = 10;
    await expect
      .poll(
        async () => {
          await pipeline.publish(...Array.from({ length: 9 }, () => pipeline.insert(step, step++)));
          return second.writes.length > 0;
        },
        { ...patience, interval: 200 },
      )
      .toBe(true);
    const ids = Array.from({ length: step - 10 }, (_, index) => index + 10);
    await expect
      .poll(() => ids.filter((id) => read(first, id) === null && read(second, id) === null), patience)
      .toEqual([]);
  });

  test('records that were deleted unread are a data gap', async () => {
    const pipeline = new Pipeline();
    await pipeline.create(pipeline.items.topic);
    const sink = inMemorySink();
    await pipeline.publish(pipeline.insert(1, 10));
    const service = pipeline.run(sink);
    await expect.poll(() => read(sink, 1), patience).not.toBeNull();
    await service.close();
    await pipeline.publish(...Array.from({ length: 30 }, (_, index) => pipeline.insert(index, 20 + index)));
    await deleteAllRecords(pipeline.items.topic);
    await expect(pipeline.run(inMemorySink()).done).rejects.toMatchObject({
      code: 'DATA_GAP',
      errorClass: 'fatal',
    });
  });

  test('a store that comes back gets every record', async () => {
    const pipeline = new Pipeline();
    await pipeline.create(pipeline.items.topic);
    const sink = inMemorySink();
    pipeline.run(sink);
    await pipeline.publish(pipeline.insert(1, 10));
    await expect.poll(() => read(sink, 1), patience).not.toBeNull();
    sink.reachable = false;
    await pipeline.publish(...[2, 3, 4].map((id) => pipeline.insert(id, 10 + id)));
    sink.reachable = true;
    await expect
      .poll(() => [2, 3, 4].map((id) => read(sink, id)), patience)
      .toEqual([2, 3, 4].map((id) => itemRow(id, 10 + id)));
  });

  test('a store that keeps offsets decides where reading begins', async () => {
    const pipeline = new Pipeline();
    await pipeline.create(pipeline.items.topic);
    const deliveries = Array.from({ length: 12 }, (_, index) => pipeline.insert(1, 10 + index));
    await pipeline.publish(...deliveries);
    const sink = inMemorySink();
    const filled = await partitionWithRecords(pipeline.items.topic);
    const offsets = {
      read: async (_: string, partition: number) => (partition === filled ? 11n : null),
      topicId: async () => null,
      keepTopicId: async () => undefined,
      advance: async () => undefined,
      set: async () => undefined,
    };
    pipeline.run(Object.assign(sink, { offsets }));
    await expect.poll(() => read(sink, 1), patience).toEqual(itemRow(1, 21));
    expect(sink.writes).toEqual([['{"id":1}']]);
    await pipeline.publish(pipeline.insert(1, 30));
    await expect.poll(() => read(sink, 1), patience).toEqual(itemRow(1, 30));
  });
});

describe('a sink that keeps its own offsets', () => {
  /** Offsets as a target's transactions would move them; `stored` is what another worker would see. */
  function keeping(sink: InMemorySink) {
    const stored = new Map<number, bigint>();
    const offsets = {
      read: async (_: string, partition: number) => stored.get(partition) ?? null,
      topicId: async () => null,
      keepTopicId: async () => undefined,
      advance: async (_: string, partition: number, next: bigint) => void stored.set(partition, next),
      rewind: async () => undefined,
    };
    const write = sink.write.bind(sink);
    sink.write = async (batch, signal) => {
      const outcomes = await write(batch, signal);
      for (const { partition, next } of batch) stored.set(partition, next);
      return outcomes;
    };
    return { stored, sink: Object.assign(sink, { offsets }) };
  }

  /** Another process on the store of `sink` applies the next row. */
  async function seesNoGap(pipeline: Pipeline, sink: ReturnType<typeof keeping>['sink']): Promise<void> {
    const again = pipeline.run(Object.assign(inMemorySink(), { offsets: sink.offsets, write: sink.write }));
    await pipeline.publishInTransaction(pipeline.insert(1, 20));
    const ended = again.done.then(
      () => 'ended',
      (error: unknown) => error,
    );
    const rowOrEnd = (): unknown => Promise.race([ended, Promise.resolve(read(sink, 1))]);
    await expect.poll(rowOrEnd, patience).toEqual(itemRow(1, 20));
  }

  test('sees no gap when retention has emptied a topic that it has read to its end', async () => {
    const pipeline = new Pipeline();
    await pipeline.create(pipeline.items.topic);
    await pipeline.publishInTransaction(pipeline.insert(1, 10), pipeline.insert(2, 11));
    const { sink, stored } = keeping(inMemorySink());
    const first = pipeline.run(sink);
    await expect.poll(() => [read(sink, 1), read(sink, 2)], patience).not.toContain(null);
    await first.close();
    await deleteAllRecords(pipeline.items.topic);
    await seesNoGap(pipeline, sink);
    expect(stored.size).toBeGreaterThan(0);
  });

  test('nor when the last transaction was so large that its end marker came alone', async () => {
    const pipeline = new Pipeline();
    const { topic } = pipeline.items;
    await pipeline.create(topic);
    // More than one fetch of a partition may hold: the broker answers with this batch and nothing behind it.
    const row = { ...itemRow(1, 10), name: 'x'.repeat(200_000) };
    const large = pipeline.items.row({ operation: 'INSERT', sequence: sequenceAt(10), row });
    await pipeline.publishInTransaction(large);
    const { sink } = keeping(inMemorySink());
    const first = pipeline.run(sink);
    await expect.poll(() => read(sink, 1), patience).toEqual(row);
    const filled = await partitionWithRecords(topic);
    const position = async () =>
      (await groupPositions(kafka, `${pipeline.name}.memory`, [topic], null))[filled];
    await expect.poll(position, patience).toMatchObject({ committed: 2n, high: 2n });
    await first.close();
    await deleteAllRecords(topic);
    await seesNoGap(pipeline, sink);
  });

  test('goes on where the store says when another worker has moved the offset', async () => {
    const pipeline = new Pipeline();
    await pipeline.create(pipeline.items.topic);
    await pipeline.publish(pipeline.insert(1, 10));
    const { sink, stored } = keeping(inMemorySink());
    const write = sink.write.bind(sink);
    let moved = 0;
    sink.write = async (batch, signal) => {
      const [first] = batch;
      if (moved++ > 0 || first === undefined) return write(batch, signal);
      stored.set(first.partition, first.next);
      throw new PipelineError('TARGET_OFFSET_MOVED', 'another worker was here');
    };
    pipeline.run(sink);
    await expect.poll(() => moved, patience).toBe(1);
    await pipeline.publish(pipeline.insert(1, 11));
    await expect.poll(() => read(sink, 1), patience).toEqual(itemRow(1, 11));
    // The first record was the other worker's: its offset was stored.
    expect(sink.writes).toHaveLength(1);
  });
});

async function countRecords(topic: string): Promise<number> {
  const marks = await watermarks(topic);
  return marks.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
}

async function partitionWithRecords(topic: string): Promise<number> {
  return (await watermarks(topic)).find(({ high }) => high !== '0')?.partition ?? -1;
}

async function watermarks(topic: string) {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await admin.fetchTopicOffsets(topic);
  } finally {
    await admin.disconnect();
  }
}

async function deleteAllRecords(topic: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  const marks = await admin.fetchTopicOffsets(topic);
  await admin.deleteTopicRecords({
    topic,
    partitions: marks.map(({ partition, high }) => ({ partition, offset: high })),
  });
  await admin.disconnect();
}
