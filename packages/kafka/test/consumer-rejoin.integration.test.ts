import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { BatchConsumer, kafkaClient } from '../src/index.ts';
import { SILENT, TestBroker } from './support/broker.ts';
import { HEARTBEAT, JOIN_GROUP, KafkaProxy } from './support/kafka-proxy.ts';

/** Body of a heartbeat's answer behind the proxy's one byte too many: no throttling, error 16, NOT_COORDINATOR. */
const NOT_COORDINATOR = Buffer.from([0, 0, 0, 0, 16]);

let broker: TestBroker;
let topic: string;

beforeAll(async () => {
  broker = await TestBroker.start();
  topic = await broker.topic(1);
});
afterAll(() => broker.stop());

test('a consumer whose coordinator has moved, and that fails to join at the new one, joins again', async () => {
  const [address = ''] = broker.config.brokers;
  const proxy = await KafkaProxy.before(address);
  onTestFinished(() => proxy.close());
  const groupId = broker.uniqueName('group');
  const consumer = consumerOf(groupId, proxy.broker);
  onTestFinished(() => consumer.close());
  await consumer.start();
  await vi.waitUntil(() => consumer.assigned.length === 1);

  let [beats, joins] = [0, 0];
  proxy.decide = (apiKey) => {
    if (apiKey === HEARTBEAT && beats++ === 0) return NOT_COORDINATOR;
    return apiKey === JOIN_GROUP && joins++ === 0 ? 'reset-before' : 'pass';
  };
  await vi.waitUntil(() => joins === 1, { timeout: 10_000 });
  const producer = broker.client.producer();
  const admin = broker.client.admin();
  for (const client of [producer, admin]) {
    await client.connect();
    onTestFinished(() => client.disconnect());
  }
  await vi.waitFor(
    async () => {
      await producer.send({ topic, messages: [{ value: 'a row' }] });
      expect({ joins, trouble: consumer.trouble }).toEqual({ joins: 2, trouble: null });
    },
    { timeout: 15_000, interval: 250 },
  );
  await vi.waitFor(async () => {
    const [marks] = await admin.fetchTopicOffsets(topic);
    const [group] = await admin.fetchOffsets({ groupId, topics: [topic] });
    expect(group?.partitions[0]?.offset).toBe(marks?.high);
  });
}, 40_000);

function consumerOf(groupId: string, brokerAddress: string): BatchConsumer {
  return new BatchConsumer({
    kafka: kafkaClient({ ...broker.config, brokers: [brokerAddress] }, SILENT),
    groupId,
    topics: [topic],
    concurrency: 1,
    maxBytesPerPartition: 1024,
    sessionTimeoutMs: 30_000,
    topicIds: async () => new Map(),
    gapsAllowed: () => false,
    onAssigned: () => undefined,
    handle: async ({ endOffset }) => ({ nextOffset: endOffset, action: 'go-on' }),
    log: SILENT,
  });
}
