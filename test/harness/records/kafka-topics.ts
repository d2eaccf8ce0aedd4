import { kafkaClient, PlainProducer } from '@sluice/kafka';
import { createLogger } from '@sluice/runtime';
import type { Admin } from 'kafkajs';
import { eventually } from '../eventually.ts';
import { kafkaConfig } from '../pipelines/capture-pipeline.ts';
import type { Scope } from '../scope.ts';

/** What somebody does to topics with tools of his own. */

const log = createLogger('test', { level: 'silent' });

/** Disconnected when the test ends. */
export async function connectedAdmin(scope: Scope, brokers: readonly string[]): Promise<Admin> {
  const admin = kafkaClient(kafkaConfig(brokers), log).admin();
  await admin.connect();
  scope.defer(() => admin.disconnect());
  return admin;
}

type NewTopic = Parameters<Admin['createTopics']>[0]['topics'][number];

/**
 * Also where one of that name is being deleted. Resolves when its partitions have leaders: the client's own wait gives up at the first
 * broker that has not heard of the topic yet.
 */
export async function makeTopic(admin: Admin, topic: NewTopic): Promise<void> {
  await eventually('the topic to be made', () =>
    admin.createTopics({ waitForLeaders: false, topics: [topic] }),
  );
  await eventually('its partitions to have leaders', async () => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic.topic] });
    return topics[0]?.partitions.every(({ leader }) => leader >= 0) === true;
  });
}

/** A record in partition 0. */
export async function produceRecord(
  scope: Scope,
  brokers: readonly string[],
  { topic, key, value }: { readonly topic: string; readonly key: string; readonly value: string },
): Promise<void> {
  const producer = new PlainProducer(kafkaClient(kafkaConfig(brokers), log));
  await producer.connect();
  scope.defer(() => producer.close());
  await producer.send({ topic, partition: 0, headers: {}, key: Buffer.from(key), value: Buffer.from(value) });
}

/** With the settings that capture would give it: the defaults of sluice.yaml. */
export function topicLikeCapture(topic: string, numPartitions: number): NewTopic {
  const configs = { 'cleanup.policy': 'delete', 'retention.ms': '604800000', 'max.message.bytes': '1048588' };
  return {
    topic,
    numPartitions,
    configEntries: Object.entries(configs).map(([name, value]) => ({ name, value })),
  };
}
