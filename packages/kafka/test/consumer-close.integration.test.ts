import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { groupMembers } from '../src/index.ts';
import { TestBroker } from './support/broker.ts';
import { JOIN_GROUP, KafkaProxy } from './support/kafka-proxy.ts';
import { testConsumer } from './support/test-consumer.ts';

let broker: TestBroker;
let topic: string;

beforeAll(async () => {
  broker = await TestBroker.start();
  topic = await broker.topic(1);
});
afterAll(() => broker.stop());

/** Closes a consumer so many milliseconds after its start; resolves to its group. */
async function closedAfter(ms: number, brokers: readonly string[]): Promise<string> {
  const groupId = broker.uniqueName('group');
  // Longer than the test: a member that was left behind is seen.
  const consumer = testConsumer(broker, { brokers, groupId, topics: [topic], sessionTimeoutMs: 300_000 });
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
