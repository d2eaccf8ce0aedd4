import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BrokerConnections } from '../src/broker-connections.ts';
import { Cluster } from '../src/cluster.ts';
import { TopicReader, TransactionalPublisher, type TopicBatch } from '../src/index.ts';
import { PartitionReader } from '../src/partition-reader.ts';
import { RecoveryWindow } from '../src/recovery-window.ts';
import { TopicRanges } from '../src/topic-ranges.ts';
import { NEVER, SILENT, TestBroker, valuesOf } from './support/broker.ts';
import { batchOf } from './support/records.ts';

let broker: TestBroker;

beforeAll(async () => {
  broker = await TestBroker.start();
});
afterAll(() => broker.stop());

async function publish(transactions: readonly (readonly TopicBatch[])[]): Promise<void> {
  const publisher = new TransactionalPublisher({
    kafka: broker.config,
    transactionalId: broker.uniqueName('id'),
    compression: 'zstd',
    log: SILENT,
  });
  await publisher.fence(NEVER);
  for (const batches of transactions) await publisher.publish(batches, NEVER);
  await publisher.close();
  const topics = new Set(transactions.flat().map(({ topic }) => topic));
  for (const topic of topics) await broker.settled(topic);
}

const one = (topic: string, key: string, value: string, partition = 0): TopicBatch => ({
  topic,
  partition,
  batch: batchOf([{ key, value }]),
});

/** Leaves `count` transactions with one record each in the log, all aborted. */
async function abort(topic: string, count: number): Promise<void> {
  const producer = broker.client.producer({
    transactionalId: broker.uniqueName('id'),
    maxInFlightRequests: 1,
  });
  await producer.connect();
  for (let i = 0; i < count; i++) {
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: [{ key: 'k', value: `aborted ${i}`, partition: 0 }] });
    await transaction.abort();
  }
  await producer.disconnect();
  await broker.settled(topic);
}

test('the clock of the broker is told by its commits', async () => {
  const topic = await broker.topic(1);
  const written = (behindMs: number): TopicBatch => ({
    topic,
    partition: 0,
    batch: batchOf([{ timestamp: Date.now() - behindMs, key: 'k', value: 'v' }]),
  });
  expect(await broker.reading((reader) => reader.commitDelays(topic))).toEqual([]);
  await publish([[written(600_000)], [written(0)]]);
  const delays = await broker.reading((reader) => reader.commitDelays(topic));
  expect(delays.map((ms) => Math.round(ms / 60_000))).toEqual([10, 0]);
});

describe('the newest record', () => {
  test('lies before commit markers, aborted records and abort markers', async () => {
    const topic = await broker.topic(1);
    await publish([[one(topic, 'k', 'old')], [one(topic, 'k', 'newest')]]);
    await abort(topic, 60); // 120 offsets: farther than the first look goes
    expect(await broker.reading((reader) => reader.newestRecord(topic, 'k'))).toMatchObject({
      offset: 2n,
      value: Buffer.from('newest'),
    });
    expect(valuesOf(await broker.records(topic))).toEqual(['old', 'newest']);
  });

  test('of a key, behind many of another', async () => {
    const topic = await broker.topic(1);
    const others = batchOf(Array.from({ length: 3_000 }, (_, i) => ({ key: 'other', value: `${i}` })));
    await publish([
      [one(topic, 'mine', '1'), one(topic, 'mine', '2')],
      [{ topic, partition: 0, batch: others }],
    ]);
    const [mine, other, none] = await broker.reading((reader) =>
      Promise.all(['mine', 'other', 'none'].map((key) => reader.newestRecord(topic, key))),
    );
    expect([String(mine?.value), String(other?.value), none]).toEqual(['2', '2999', null]);
  });

  test('of each partition; empty ones and missing topics', async () => {
    const topic = await broker.topic(3);
    await publish([[one(topic, 'k', 'a', 0), one(topic, 'k', 'b', 2)], [one(topic, 'k', 'c', 2)]]);
    await broker.reading(async (reader) => {
      const last = await reader.lastRecordOfEachPartition(topic);
      expect(last.map((record) => record?.value?.toString() ?? null)).toEqual(['a', null, 'c']);
      expect(await reader.lastRecordOfEachPartition(broker.uniqueName('missing'))).toEqual([]);
      expect(await reader.newestRecord(broker.uniqueName('missing'), 'k')).toBeNull();
      expect(await reader.readTail(topic, 99)).toBeNull();
    });
  });

  test('is found within a second', async () => {
    const topic = await broker.topic(1);
    await publish(Array.from({ length: 50 }, (_, i) => [one(topic, 'k', `${i}`)]));
    const times: number[] = [];
    for (let round = 0; round < 5; round++) {
      const started = performance.now();
      const newest = await broker.reading((reader) => reader.newestRecord(topic, 'k'));
      times.push(performance.now() - started);
      expect(String(newest?.value)).toBe('49');
    }
    // A busy machine makes some of them slow.
    expect(Math.min(...times)).toBeLessThan(1_000);
  });
});

describe('a whole topic', () => {
  test('larger than one fetch, from an offset on, committed records only', async () => {
    const topic = await broker.topic(1);
    const value = 'x'.repeat(700_000);
    const publisherBatches = Array.from({ length: 8 }, (_, i) => [one(topic, `${i}`, value)]);
    await publish(publisherBatches);
    await abort(topic, 3);
    await publish([[one(topic, 'last', 'end')]]);
    await broker.reading(async (reader) => {
      const keys: string[] = [];
      expect(await reader.readTopic(topic, {}, (record) => keys.push(String(record.key)))).toBe(9);
      expect(keys).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', 'last']);
      expect(await reader.readTopic(topic, { fromOffset: 14n }, () => {})).toBe(2);
      expect(await reader.readTopic(broker.uniqueName('missing'), {}, () => {})).toBe(0);
    });
  });

  test('its ends are waited for while a transaction is open, and not for ever', async () => {
    const topic = await broker.topic(2);
    await publish([[one(topic, 'k', 'before')]]);
    const producer = broker.client.producer({
      transactionalId: broker.uniqueName('id'),
      maxInFlightRequests: 1,
    });
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: [{ key: 'k', value: 'open', partition: 0 }] });
    const impatient = new TopicReader({ kafka: broker.config, signal: NEVER, recoveryMs: 300 });
    await expect(impatient.settledEnds(topic)).rejects.toMatchObject({
      code: 'KAFKA_TRANSACTION_OPEN',
      message: `${topic}/0: of 3 offsets only 2 can be read, the next records belong to a transaction that has not ended`,
    });
    impatient.close();
    await broker.reading(async (reader) => {
      const ends = reader.settledEnds(topic);
      const values: string[] = [];
      await transaction.commit();
      expect(await ends).toEqual([4n, 0n]);
      await reader.readTopic(topic, {}, ({ value }) => values.push(String(value)));
      expect(values).toEqual(['before', 'open']);
      expect(await reader.settledEnds(broker.uniqueName('missing'))).toEqual([]);
    });
    await producer.disconnect();
  });

  test('since the newest record of a kind, however far back it is, and all of it where there is none', async () => {
    const topic = await broker.topic(1);
    const many = Array.from({ length: 3000 }, (_, i) => ({ key: `n${i}`, value: 'v' }));
    await publish([
      [one(topic, 'begin', 'first')],
      [one(topic, 'between', 'v')],
      [one(topic, 'begin', 'second')],
      [{ topic, partition: 0, batch: batchOf(many) }],
    ]);
    await abort(topic, 3);
    await publish([[one(topic, 'last', 'end')]]);
    await broker.reading(async (reader) => {
      const keysSince = async (begin: string): Promise<string[]> => {
        const { records, next } = await reader.readSince(topic, 0, ({ key }) => String(key) === begin);
        expect(await reader.readTopic(topic, { fromOffset: next }, () => {})).toBe(0);
        return records.map(({ key }) => String(key));
      };
      const kept = many.map(({ key }) => key);
      expect(await keysSince('last')).toEqual(['last']);
      expect(await keysSince('begin')).toEqual(['begin', ...kept, 'last']);
      expect(await keysSince('none')).toEqual(['begin', 'between', 'begin', ...kept, 'last']);
      const missing = await reader.readSince(broker.uniqueName('missing'), 0, () => true);
      expect(missing).toEqual({ records: [], next: 0n });
    });
  });

  test('of a topic that is made again in the middle, nobody waits for the records of the old one', async () => {
    const topic = await broker.topic(1);
    await publish([[one(topic, 'k', 'of the new topic')]]);
    const times = { connectTimeoutMs: 5_000, requestTimeoutMs: 5_000 };
    const connections = new BrokerConnections(broker.config, times);
    onTestFinished(() => connections.destroy());
    const partition = new PartitionReader(new Cluster(connections, broker.config), connections);
    const ranges = new TopicRanges(partition, () => new RecoveryWindow(5_000, NEVER), undefined);
    const values: string[] = [];
    // The new topic has two offsets, a record and a marker; the one that was deleted had a hundred.
    const readTo100 = (from: bigint): Promise<number> =>
      ranges.read(topic, 0, from, 100n, ({ value }) => values.push(String(value)));
    for (const [from, had] of [
      [0n, 2],
      [2n, 2],
      [50n, 50],
    ] as const)
      await expect(readTo100(from)).rejects.toMatchObject({
        code: 'KAFKA_TOPIC_MISSING',
        message: `read ${topic}/0: Kafka has offsets up to 2 and had more than ${had}: the topic was deleted and made again`,
      });
    expect(values).toEqual(['of the new topic']);
  });

  test('names of topics', async () => {
    const topic = await broker.topic(1);
    expect(await broker.reading((reader) => reader.topicNames())).toContain(topic);
  });
});
