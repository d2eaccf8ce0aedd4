import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { groupMembers, groupOffsets, groupPositions, GroupWatch, moveGroup } from '../src/index.ts';
import { TestBroker } from './support/broker.ts';

let broker: TestBroker;

beforeAll(async () => {
  broker = await TestBroker.start();
});
afterAll(() => broker.stop());

/** A topic of two partitions with five records each, written at the times 1000, 2000, … in milliseconds. */
async function filledTopic(): Promise<string> {
  const topic = await broker.topic(2);
  // A request is sent again whole where the leader of one partition is not known yet.
  const options = { idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false };
  const producer = broker.client.producer(options);
  await producer.connect();
  const times = [1, 2, 3, 4, 5].map((second) => String(second * 1000));
  const messages = [0, 1].flatMap((partition) =>
    times.map((timestamp) => ({ partition, timestamp, value: 'x' })),
  );
  await producer.send({ topic, messages });
  await producer.disconnect();
  return topic;
}

describe('a consumer group seen from outside', () => {
  test('stands nowhere, then where it was moved to', async () => {
    const topic = await filledTopic();
    const group = broker.uniqueName('group');
    const place = { topic, low: 0n, high: 5n };
    expect(await groupPositions(broker.client, group, [topic], null)).toEqual([
      { ...place, partition: 0, committed: null, atTime: null },
      { ...place, partition: 1, committed: null, atTime: null },
    ]);
    await moveGroup(broker.config, group, [
      { topic, partition: 0, offset: 3n },
      { topic, partition: 1, offset: 0n },
    ]);
    expect(await groupPositions(broker.client, group, [topic], 2500)).toEqual([
      { ...place, partition: 0, committed: 3n, atTime: 2n },
      { ...place, partition: 1, committed: 0n, atTime: 2n },
    ]);
    expect(await groupPositions(broker.client, group, [topic], 9000)).toMatchObject([
      { atTime: 5n },
      { atTime: 5n },
    ]);
    expect(await groupPositions(broker.client, group, [], null)).toEqual([]);
    const offsets = await groupOffsets(broker.client, group);
    expect([...offsets].sort((a, b) => a.partition - b.partition)).toEqual([
      { topic, partition: 0, offset: 3n, topicId: expect.any(String) as unknown },
      { topic, partition: 1, offset: 0n, topicId: expect.any(String) as unknown },
    ]);
    await moveGroup(broker.config, group, [{ topic, partition: 0, offset: 2n, topicId: 'i-1' }]);
    const moved = (await groupOffsets(broker.client, group)).find(({ partition }) => partition === 0);
    expect(moved).toEqual({ topic, partition: 0, offset: 2n, topicId: 'i-1' });
  });

  test('is moved by nobody while it has a member', async () => {
    const topic = await filledTopic();
    const group = broker.uniqueName('group');
    const consumer = broker.client.consumer({ groupId: group });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const joined = new Promise<void>((resolve) => consumer.on('consumer.group_join', () => resolve()));
    await consumer.run({ autoCommit: false, eachMessage: async () => undefined });
    await joined;
    expect(await groupMembers(broker.client, group)).toHaveLength(1);
    const moving = moveGroup(broker.config, group, [{ topic, partition: 0, offset: 1n }]);
    await expect(moving).rejects.toMatchObject({ code: 'GROUP_ACTIVE', errorClass: 'fatal' });
    const watch = new GroupWatch(broker.client);
    expect(await Promise.all([watch.members(group), watch.members(group)])).toMatchObject([[{}], [{}]]);
    await consumer.disconnect();
    expect(await watch.members(group)).toEqual([]);
    expect(await watch.positions(group, [topic])).toEqual(
      await groupPositions(broker.client, group, [topic], null),
    );
    await watch.close();
    expect(await groupMembers(broker.client, group)).toEqual([]);
    await moveGroup(broker.config, group, [{ topic, partition: 0, offset: 1n }]);
    expect(await groupPositions(broker.client, group, [topic], null)).toMatchObject([{ committed: 1n }, {}]);
  });
});
