import { Writer } from '@platformatic/kafka';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TransactionalPublisher, type PublisherOptions } from '../src/index.ts';
import { NEVER, SILENT, TestBroker, valuesOf } from './support/broker.ts';
import { ADD_PARTITIONS, END_TXN, KafkaProxy, PRODUCE, type Verdict } from './support/kafka-proxy.ts';
import { batchOf } from './support/records.ts';

let broker: TestBroker;
let proxy: KafkaProxy;
const open: TransactionalPublisher[] = [];

beforeAll(async () => {
  broker = await TestBroker.start();
});
beforeEach(async () => {
  proxy = await KafkaProxy.before(broker.config.brokers[0] ?? '');
});
afterEach(async () => {
  for (const publisher of open.splice(0)) await publisher.close();
  await proxy.close();
});
afterAll(() => broker.stop());

async function fenced(options: Partial<PublisherOptions> = {}): Promise<TransactionalPublisher> {
  const publisher = new TransactionalPublisher({
    kafka: { ...broker.config, brokers: [proxy.broker] },
    transactionalId: broker.uniqueName('id'),
    compression: 'lz4',
    log: SILENT,
    ...options,
  });
  open.push(publisher);
  await publisher.fence(NEVER);
  return publisher;
}

const one = (topic: string, value: string) => ({
  topic,
  partition: 0,
  batch: batchOf([{ key: 'k', value }]),
});

const NOT_ENOUGH_REPLICAS = 19;

/** A Produce answer, version 9, that refuses the batch of partition 0. */
function refusal(topic: string, code: number): Buffer {
  return Writer.create()
    .appendArray([topic], (topics, name) =>
      topics.appendString(name).appendArray([0], (w, partition) =>
        w
          .appendInt32(partition)
          .appendInt16(code)
          .appendInt64(-1n)
          .appendInt64(-1n)
          .appendInt64(-1n)
          .appendArray([], () => {})
          .appendString(null),
      ),
    )
    .appendInt32(0)
    .appendTaggedFields().buffer;
}

/** Breaks the connection at the first request of this kind, `times` times. */
function breakAt(apiKey: number, verdict: Verdict, times = 1): void {
  let left = times;
  proxy.decide = (seen) => (seen === apiKey && left-- > 0 ? verdict : 'pass');
}

describe('a connection that breaks is outlived without a duplicate or a loss', () => {
  test.each([
    ['AddPartitionsToTxn', ADD_PARTITIONS],
    ['Produce', PRODUCE],
    ['EndTxn', END_TXN],
  ] as const)('%s', async (_name, apiKey) => {
    const topic = await broker.topic(1);
    const publisher = await fenced();
    await publisher.publish([one(topic, 'before')], NEVER);
    breakAt(apiKey, 'reset-before', 3);
    await publisher.publish([one(topic, 'request lost')], NEVER);
    breakAt(apiKey, 'reset-after', 3);
    await publisher.publish([one(topic, 'answer lost')], NEVER);
    proxy.decide = () => 'pass';
    await publisher.publish([one(topic, 'after')], NEVER);
    expect(valuesOf(await broker.records(topic))).toEqual(['before', 'request lost', 'answer lost', 'after']);
    // Two quiet publishes, and two that needed three tries more.
    expect(proxy.seen.filter((seen) => seen === apiKey).length).toBeGreaterThanOrEqual(10);
  });

  test('in the middle of several rounds', async () => {
    const topic = await broker.topic(2);
    const publisher = await fenced({ maxRequestBytes: 100 });
    let produces = 0;
    proxy.decide = (apiKey) => {
      if (apiKey !== PRODUCE) return 'pass';
      produces++;
      if (produces === 3 || produces === 12) return 'reset-before';
      return produces === 7 || produces === 17 ? 'reset-after' : 'pass';
    };
    const batches = Array.from({ length: 24 }, (_, i) => ({
      topic,
      partition: i % 2,
      batch: batchOf([{ key: 'k', value: String(i) }]),
    }));
    await publisher.publish(batches, NEVER);
    const records = await broker.records(topic);
    const numbersOf = (partition: number) =>
      valuesOf(records.filter((r) => r.partition === partition)).map(Number);
    expect(numbersOf(0)).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22]);
    expect(numbersOf(1)).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23]);
  });

  test.each(['new to', 'known at'])(
    'a batch refused for the moment, others behind it, producer %s the partition',
    async (how) => {
      const topic = await broker.topic(1);
      const publisher = await fenced({ maxRequestBytes: 100 });
      if (how === 'known at') await publisher.publish([one(topic, 'first')], NEVER);
      let left = 2;
      proxy.decide = (apiKey) =>
        apiKey === PRODUCE && left-- > 0 ? refusal(topic, NOT_ENOUGH_REPLICAS) : 'pass';
      await publisher.publish(
        ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((value) => one(topic, value)),
        NEVER,
      );
      const values = valuesOf(await broker.records(topic)).filter((value) => value !== 'first');
      expect(values).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
      expect(left).toBeLessThan(0);
    },
  );

  test('while idle', async () => {
    const topic = await broker.topic(1);
    const publisher = await fenced();
    for (const value of ['1', '2', '3']) {
      await publisher.publish([one(topic, value)], NEVER);
      proxy.resetAll();
    }
    expect(valuesOf(await broker.records(topic))).toEqual(['1', '2', '3']);
  });

  test('and a broker that is away for a while', async () => {
    const topic = await broker.topic(1);
    const publisher = await fenced();
    await publisher.publish([one(topic, '1')], NEVER);
    proxy.down = true;
    proxy.resetAll();
    const back = setTimeout(() => {
      proxy.down = false;
    }, 2_000);
    await publisher.publish([one(topic, '2')], NEVER);
    clearTimeout(back);
    expect(valuesOf(await broker.records(topic))).toEqual(['1', '2']);
  });
});

describe('the bound', () => {
  test('a broker that stays away: KAFKA_UNREACHABLE', async () => {
    const topic = await broker.topic(1);
    const publisher = await fenced({ recoveryMs: 2_000 });
    proxy.down = true;
    proxy.resetAll();
    await expect(publisher.publish([one(topic, '1')], NEVER)).rejects.toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      errorClass: 'retryable',
    });
  });

  test('a commit whose answer never came: in doubt', async () => {
    const topic = await broker.topic(1);
    const publisher = await fenced({ recoveryMs: 2_000 });
    proxy.decide = (apiKey) => {
      if (apiKey !== END_TXN) return 'pass';
      proxy.down = true;
      return 'reset-after';
    };
    await expect(publisher.publish([one(topic, '1')], NEVER)).rejects.toMatchObject({
      code: 'KAFKA_TRANSACTION_IN_DOUBT',
      errorClass: 'retryable',
      context: { inDoubt: true },
    });
    // The answer was lost, not the commit.
    expect(valuesOf(await broker.records(topic))).toEqual(['1']);
  });

  test('what was under way is aborted by the next fence', async () => {
    const topic = await broker.topic(1);
    const transactionalId = broker.uniqueName('id');
    const publisher = await fenced({ recoveryMs: 2_000, transactionalId });
    proxy.decide = (apiKey) => {
      if (apiKey !== END_TXN) return 'pass';
      proxy.down = true;
      return 'reset-before';
    };
    await expect(publisher.publish([one(topic, 'never seen')], NEVER)).rejects.toMatchObject({
      errorClass: 'retryable',
    });
    proxy.down = false;
    proxy.decide = () => 'pass';
    const next = await fenced({ transactionalId });
    await next.publish([one(topic, 'seen')], NEVER);
    expect(valuesOf(await broker.records(topic))).toEqual(['seen']);
  });
});

describe('the signal', () => {
  test('ends a publish that waits, with its reason', async () => {
    const topic = await broker.topic(1);
    const publisher = await fenced();
    const stop = new AbortController();
    proxy.decide = (apiKey) => {
      if (apiKey === PRODUCE) setImmediate(() => stop.abort(new Error('service stops')));
      return apiKey === PRODUCE ? 'reset-after' : 'pass';
    };
    await expect(publisher.publish([one(topic, '1')], stop.signal)).rejects.toThrow('service stops');
    expect(await broker.reading((reader) => reader.readTail(topic, 0))).toBeNull();
  });

  test('ends a fence that finds no broker', async () => {
    proxy.down = true;
    const publisher = new TransactionalPublisher({
      kafka: { ...broker.config, brokers: [proxy.broker] },
      transactionalId: broker.uniqueName('id'),
      compression: 'none',
      log: SILENT,
    });
    const stop = new AbortController();
    const fencing = publisher.fence(stop.signal);
    setImmediate(() => stop.abort(new Error('service stops')));
    await expect(fencing).rejects.toThrow('service stops');
  });
});
