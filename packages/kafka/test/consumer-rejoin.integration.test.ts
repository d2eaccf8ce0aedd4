import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import type { BatchConsumer } from '../src/index.ts';
import { TestBroker } from './support/broker.ts';
import { HEARTBEAT, JOIN_GROUP, KafkaProxy, OFFSET_COMMIT } from './support/kafka-proxy.ts';
import { testConsumer } from './support/test-consumer.ts';

/** Body of a heartbeat's answer behind the proxy's one byte too many: no throttling, error 16, NOT_COORDINATOR. */
const NOT_COORDINATOR = Buffer.from([0, 0, 0, 0, 16]);

let broker: TestBroker;
let topic: string;

beforeAll(async () => {
  broker = await TestBroker.start();
  topic = await broker.topic(1);
});
afterAll(() => broker.stop());

/** Refuses the offset of a topic's only partition; behind the same byte. */
function commitRefused(name: string): Buffer {
  const [one, zero] = [Buffer.from([0, 0, 0, 1]), Buffer.alloc(4)];
  const named = Buffer.from([0, name.length, ...Buffer.from(name)]);
  return Buffer.concat([Buffer.alloc(3), one, named, one, zero, Buffer.from([0, 16])]);
}

interface Reading {
  readonly proxy: KafkaProxy;
  readonly consumer: BatchConsumer;
  readonly send: () => Promise<void>;
  /** Waits until the group has committed all that is in the topic. */
  readonly committed: () => Promise<void>;
}

/** A consumer behind a proxy, which has its partition. */
async function reading(): Promise<Reading> {
  const [address = ''] = broker.config.brokers;
  const proxy = await KafkaProxy.before(address);
  onTestFinished(() => proxy.close());
  const groupId = broker.uniqueName('group');
  const consumer = testConsumer(broker, {
    brokers: [proxy.broker],
    groupId,
    topics: [topic],
    sessionTimeoutMs: 30_000,
  });
  onTestFinished(() => consumer.close());
  await consumer.start();
  await vi.waitUntil(() => consumer.assigned.length === 1, { timeout: 10_000 });
  const [producer, admin] = [broker.client.producer(), broker.client.admin()];
  for (const client of [producer, admin]) {
    await client.connect();
    onTestFinished(() => client.disconnect());
  }
  const send = async (): Promise<void> => {
    await producer.send({ topic, messages: [{ value: 'a row' }] });
  };
  const committed = (): Promise<void> =>
    vi.waitFor(
      async () => {
        const [marks] = await admin.fetchTopicOffsets(topic);
        const [group] = await admin.fetchOffsets({ groupId, topics: [topic] });
        expect(group?.partitions[0]?.offset).toBe(marks?.high);
      },
      { timeout: 10_000, interval: 100 },
    );
  return { proxy, consumer, send, committed };
}

test('a consumer whose coordinator has moved, and that fails to join at the new one, joins again', async () => {
  const { consumer, proxy, committed, send } = await reading();
  let [beats, joins] = [0, 0];
  proxy.decide = (apiKey) => {
    if (apiKey === HEARTBEAT && beats++ === 0) return NOT_COORDINATOR;
    return apiKey === JOIN_GROUP && joins++ === 0 ? 'reset-before' : 'pass';
  };
  await vi.waitUntil(() => joins === 1, { timeout: 10_000 });
  await vi.waitFor(
    async () => {
      await send();
      expect({ joins, trouble: consumer.trouble }).toEqual({ joins: 2, trouble: null });
    },
    { timeout: 15_000, interval: 250 },
  );
  await committed();
}, 40_000);

test('a consumer whose commits are refused while its heartbeats are answered joins again', async () => {
  const { consumer, proxy, committed, send } = await reading();
  let joins = 0;
  proxy.decide = (apiKey) => {
    if (apiKey === JOIN_GROUP) joins++;
    return apiKey === OFFSET_COMMIT && joins === 0 ? commitRefused(topic) : 'pass';
  };
  await vi.waitFor(
    async () => {
      await send();
      expect({ joins, trouble: consumer.trouble }).toEqual({ joins: 1, trouble: null });
    },
    { timeout: 30_000, interval: 250 },
  );
  await committed();
}, 50_000);
