import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { BatchConsumer, groupMembers, kafkaClient } from '../src/index.ts';
import { SILENT, TestBroker } from './support/broker.ts';
import { JOIN_GROUP, KafkaProxy } from './support/kafka-proxy.ts';

let broker: TestBroker;
let topic: string;

beforeAll(async () => {
  broker = await TestBroker.start();
  topic = await broker.topic(1);
});
afterAll(() => broker.stop());

function consumerOf(groupId: string, brokers: readonly string[]): BatchConsumer {
  return new BatchConsumer({
    kafka: kafkaClient({ ...broker.config, brokers: [...brokers] }, SILENT),
    groupId,
    topics: [topic],
    concurrency: 1,
    maxBytesPerPartition: 1024,
    // Longer than the test: a member that was left behind is seen.
    sessionTimeoutMs: 300_000,
    topicIds: async () => new Map(),
    gapsAllowed: () => false,
    onAssigned: () => undefined,
    handle: async ({ endOffset }) => ({ nextOffset: endOffset, action: 'go-on' }),
    log: SILENT,
  });
}

/** Closes a consumer so many milliseconds after its start; resolves to its group. */
async function closedAfter(ms: number, brokers: readonly string[]): Promise<string> {
  const groupId = broker.uniqueName('group');
  const consumer = consumerOf(groupId, brokers);
  const starting = consumer.start();
  await setTimeout(ms);
  await consumer.close();
  // Its connection may have been closed while it was made.
  await Promise.allSettled([starting]);
  await expect(consumer.done).resolves.toBeUndefined();
  return groupId;
}

async function membersOf(groups: readonly string[]): Promise<readonly unknown[]> {
  const members = await Promise.all(groups.map((group) => groupMembers(broker.client, group)));
  return members.flat();
}

test('a consumer that is closed while it joins for the first time leaves no member', async () => {
  const groups: string[] = [];
  for (let ms = 0; ms < 150; ms += 5) groups.push(await closedAfter(ms, broker.config.brokers));
  expect(await membersOf(groups)).toEqual([]);
});

test('nor does one that is closed while it joins anew after a crash', async () => {
  const groups: string[] = [];
  for (let ms = 0; ms < 400; ms += 10) {
    const [address = ''] = broker.config.brokers;
    const proxy = await KafkaProxy.before(address);
    onTestFinished(() => proxy.close());
    let joins = 0;
    proxy.decide = (apiKey) => (apiKey === JOIN_GROUP && joins++ === 0 ? 'reset-before' : 'pass');
    groups.push(await closedAfter(ms, [proxy.broker]));
  }
  expect(await membersOf(groups)).toEqual([]);
});
