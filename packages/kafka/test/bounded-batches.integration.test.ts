import kafkajs from 'kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UNPACKED_MAX } from '../src/bounded-codecs.ts';
import { BatchConsumer, kafkaClient, TopicReader, type ConsumedRecord } from '../src/index.ts';
import { SILENT, TestBroker } from './support/broker.ts';

let broker: TestBroker;
beforeAll(async () => {
  broker = await TestBroker.start();
});
afterAll(() => broker.stop());

test('a batch that would become too large is records without a key to a consumer, and reading goes on behind it', async () => {
  const topic = await broker.topic(1);
  const client = kafkaClient(broker.config, SILENT);
  const producer = client.producer();
  await producer.connect();
  const compression = kafkajs.CompressionTypes.ZSTD;
  await producer.send({ topic, compression, messages: [{ key: 'a', value: 'before' }] });
  const bomb = [
    { key: 'b', value: Buffer.alloc(UNPACKED_MAX) },
    { key: 'c', value: 'small' },
  ];
  await producer.send({ topic, compression, messages: bomb });
  await producer.send({ topic, compression, messages: [{ key: 'd', value: 'behind' }] });
  await producer.disconnect();

  const read: ConsumedRecord[] = [];
  const behind = Promise.withResolvers<void>();
  const consumer = new BatchConsumer({
    kafka: client,
    groupId: broker.uniqueName('group'),
    topics: [topic],
    concurrency: 1,
    maxBytesPerPartition: 131_072,
    sessionTimeoutMs: 30_000,
    topicIds: async () => new Map(),
    gapsAllowed: () => false,
    onAssigned: () => undefined,
    handle: async ({ records, endOffset }) => {
      read.push(...records);
      if (records.some(({ key }) => key?.toString() === 'd')) behind.resolve();
      return { nextOffset: endOffset, action: 'go-on' };
    },
    log: SILENT,
  });
  await consumer.start();
  await Promise.race([behind.promise, consumer.done]);
  await consumer.close();
  const texts = read.map(({ offset, key, value }) => [offset, key?.toString() ?? null, value?.toString()]);
  expect(texts.at(0)).toEqual([0n, 'a', 'before']);
  expect(texts.at(-1)).toEqual([3n, 'd', 'behind']);
  expect(texts.slice(1, -1)).toEqual([
    [1n, null, '-'],
    [2n, null, '-'],
  ]);

  // Who reads by offset is told, and not kept waiting for memory.
  const reader = new TopicReader({
    kafka: broker.config,
    signal: AbortSignal.timeout(60_000),
    recoveryMs: 100,
  });
  await expect(reader.readTopic(topic, {}, () => undefined)).rejects.toThrow();
  reader.close();
}, 120_000);
