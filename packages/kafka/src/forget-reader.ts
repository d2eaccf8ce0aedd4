import type { Kafka } from 'kafkajs';
import { toPipelineError } from './errors.ts';

/** Deletes a consumer group that has no members, and topics that only it had, those that are there. Safe to repeat. Throws PipelineError. */
export async function forgetReader(kafka: Kafka, groupId: string, topics: readonly string[]): Promise<void> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    const { groups } = await admin.describeGroups([groupId]);
    if (groups.some(({ state }) => state !== 'Dead')) await admin.deleteGroups([groupId]);
    const present = new Set(await admin.listTopics());
    const own = topics.filter((topic) => present.has(topic));
    if (own.length > 0) await admin.deleteTopics({ topics: own });
  } catch (error) {
    throw toPipelineError(error, `delete group ${groupId}`);
  } finally {
    await admin.disconnect().catch(() => undefined); // what failed is already on its way up
  }
}
