import { kafkaClient } from '@sluice/kafka';
import { createLogger } from '@sluice/runtime';
import type { EachMessagePayload } from 'kafkajs';
import { kafkaConfig } from '../pipelines/capture-pipeline.ts';
import { eventually } from '../eventually.ts';
import { uniqueName, type Scope } from '../scope.ts';

/** The first `count` messages of a topic as an ordinary consumer of the kafkajs library gets them. */
export async function readWithKafkajs(
  scope: Scope,
  brokers: readonly string[],
  topic: string,
  count: number,
): Promise<EachMessagePayload[]> {
  const kafka = kafkaClient(kafkaConfig(brokers), createLogger('test', { level: 'silent' }));
  const groupId = uniqueName('reader');
  const consumer = kafka.consumer({ groupId });
  const messages: EachMessagePayload[] = [];
  scope.defer(async () => {
    const admin = kafka.admin();
    await admin.connect();
    await admin.deleteGroups([groupId]);
    await admin.disconnect();
  });
  scope.defer(() => consumer.disconnect());
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    eachMessage: (payload) => {
      messages.push(payload);
      return Promise.resolve();
    },
  });
  await eventually(`${count} messages`, () => messages.length >= count);
  return messages;
}
