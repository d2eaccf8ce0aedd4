import type { EachMessagePayload } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TransactionalPublisher, type Compression, type PublisherOptions } from '../src/index.ts';
import { NEVER, SILENT, TestBroker, valuesOf } from './support/broker.ts';
import { batchOf, type TestRecord } from './support/records.ts';

let broker: TestBroker;
const open: TransactionalPublisher[] = [];

beforeAll(async () => {
  broker = await TestBroker.start();
});

afterAll(async () => {
  for (const publisher of open) await publisher.close();
  await broker.stop();
});

async function fenced(
  transactionalId: string,
  options: Partial<PublisherOptions> = {},
): Promise<TransactionalPublisher> {
  const publisher = new TransactionalPublisher({
    kafka: broker.config,
    transactionalId,
    compression: 'zstd',
    log: SILENT,
    ...options,
  });
  open.push(publisher);
  await publisher.fence(NEVER);
  return publisher;
}

const numbered = (from: number, count: number): TestRecord[] =>
  Array.from({ length: count }, (_, i) => ({ key: `key ${from + i}`, value: `value ${from + i}` }));

async function consumeWithKafkajs(topic: string, count: number): Promise<EachMessagePayload[]> {
  const consumer = broker.client.consumer({ groupId: broker.uniqueName('group') });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const got: EachMessagePayload[] = [];
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachMessage: async (payload) => {
          got.push(payload);
          if (got.length === count) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return got;
}

describe('what is published', () => {
  test.each<Compression>(['zstd', 'lz4', 'gzip', 'none'])(
    'is read by kafkajs, codec %s',
    async (compression) => {
      const topic = await broker.topic(1);
      const publisher = await fenced(broker.uniqueName('id'), { compression });
      const large = 'ä'.repeat(100_000);
      const records: TestRecord[] = [
        {
          key: '{"id":1}',
          value: '{"a":1}',
          timestamp: 1_795_252_177_716,
          headers: { operation: 'INSERT', schema: 'row/1/3' },
        },
        { key: '{"id":1}', value: null, timestamp: 1_795_252_177_000 },
        { key: '{"id":2}', value: large, timestamp: 1_795_252_178_000, headers: { operation: 'UPDATE' } },
      ];
      await publisher.publish([{ topic, partition: 0, batch: batchOf(records) }], NEVER);
      const got = (await consumeWithKafkajs(topic, 3)).map(({ message }) => ({
        key: String(message.key),
        value: message.value?.toString() ?? null,
        timestamp: Number(message.timestamp),
        headers: Object.fromEntries(Object.entries(message.headers ?? {}).map(([k, v]) => [k, String(v)])),
      }));
      expect(got).toEqual(records.map((record) => ({ headers: {}, ...record })));
    },
  );

  test('keeps its order over several batches of a partition, more than are in flight at once', async () => {
    const topic = await broker.topic(2);
    const publisher = await fenced(broker.uniqueName('id'), { maxRequestBytes: 2_000 });
    for (let transaction = 0; transaction < 3; transaction++) {
      const batches = Array.from({ length: 16 }, (_, i) => ({
        topic,
        partition: i % 2,
        batch: batchOf(numbered(transaction * 160 + i * 10, 10)),
      }));
      await publisher.publish(batches, NEVER);
    }
    const records = await broker.records(topic);
    expect(records).toHaveLength(480);
    for (const partition of [0, 1]) {
      const numbers = records
        .filter((r) => r.partition === partition)
        .map((r) => Number(String(r.value).slice(6)));
      expect(numbers).toHaveLength(240);
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
  });

  test('goes to several topics in one transaction', async () => {
    const topics = [await broker.topic(1), await broker.topic(1)];
    const publisher = await fenced(broker.uniqueName('id'));
    await publisher.publish(
      topics.map((topic) => ({ topic, partition: 0, batch: batchOf(numbered(0, 2)) })),
      NEVER,
    );
    for (const topic of topics) expect(valuesOf(await broker.records(topic))).toEqual(['value 0', 'value 1']);
  });
});

describe('fencing', () => {
  test('a second fence stops the first publisher, and nothing of it is visible', async () => {
    const topic = await broker.topic(1);
    const id = broker.uniqueName('id');
    const first = await fenced(id);
    await first.publish([{ topic, partition: 0, batch: batchOf(numbered(1, 1)) }], NEVER);
    const second = await fenced(id);
    const late = first.publish([{ topic, partition: 0, batch: batchOf(numbered(2, 1)) }], NEVER);
    await expect(late).rejects.toMatchObject({ code: 'KAFKA_FENCED', errorClass: 'fatal' });
    await second.publish([{ topic, partition: 0, batch: batchOf(numbered(3, 1)) }], NEVER);
    expect(valuesOf(await broker.records(topic))).toEqual(['value 1', 'value 3']);
  });

  test('after an error the object is dead', async () => {
    const topic = await broker.topic(1);
    const id = broker.uniqueName('id');
    const first = await fenced(id);
    await fenced(id);
    const batches = [{ topic, partition: 0, batch: batchOf(numbered(1, 1)) }];
    await expect(first.publish(batches, NEVER)).rejects.toMatchObject({ code: 'KAFKA_FENCED' });
    await expect(first.publish(batches, NEVER)).rejects.toThrow('publisher is dead');
  });

  test('one that is dead of another error still tells whether its id was taken over', async () => {
    const [topic, id] = [await broker.topic(1), broker.uniqueName('id')];
    const first = await fenced(id, { recoveryMs: 300 });
    const missing = { topic: broker.uniqueName('missing'), partition: 0, batch: batchOf(numbered(0, 1)) };
    await expect(first.publish([missing], NEVER)).rejects.toMatchObject({ code: 'KAFKA_TOPIC_MISSING' });
    expect(await first.isFenced(topic)).toBe(false);
    await fenced(id);
    expect(await first.isFenced(topic)).toBe(true);
  });

  test('many starts with one id, each publishing: sequence numbers begin again', async () => {
    const topic = await broker.topic(1);
    const id = broker.uniqueName('id');
    for (let start = 0; start < 5; start++) {
      const publisher = await fenced(id);
      await publisher.publish([{ topic, partition: 0, batch: batchOf(numbered(start, 1)) }], NEVER);
    }
    expect(valuesOf(await broker.records(topic))).toEqual([0, 1, 2, 3, 4].map((n) => `value ${n}`));
  });
});

test('a batch above max.message.bytes is refused with its own code', async () => {
  const topic = await broker.topic(1, { 'max.message.bytes': '2000' });
  const publisher = await fenced(broker.uniqueName('id'), { compression: 'none' });
  const batch = batchOf(numbered(0, 500));
  await expect(publisher.publish([{ topic, partition: 0, batch }], NEVER)).rejects.toMatchObject({
    code: 'KAFKA_MESSAGE_TOO_LARGE',
    errorClass: 'fatal',
  });
  expect(await broker.records(topic)).toEqual([]);
});

test('a topic that does not exist is reported when the bound is over', async () => {
  const publisher = await fenced(broker.uniqueName('id'), { recoveryMs: 300 });
  const topic = broker.uniqueName('missing');
  await expect(
    publisher.publish([{ topic, partition: 0, batch: batchOf(numbered(0, 1)) }], NEVER),
  ).rejects.toMatchObject({
    code: 'KAFKA_TOPIC_MISSING',
    errorClass: 'retryable',
  });
});
