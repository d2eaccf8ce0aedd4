import { groupPositions, listTopics, type kafkaClient } from '@sluice/kafka';
import type { WorkerContext } from './worker-context.ts';

/** The store has none of the rows that the group has read: what it reads from here on is not all. Resolves when that is known for good. */
export async function noteLostRows(
  kafka: ReturnType<typeof kafkaClient>,
  { routing, selection, group, incomplete }: WorkerContext,
): Promise<void> {
  const isRead = (name: string): boolean => routing.isDataTopic(name) && selection.takesTopic(name, routing);
  const positions = await groupPositions(kafka, group, await listTopics(kafka, isRead), null);
  const read = positions.flatMap(({ topic, partition, committed }) =>
    committed === null || committed === 0n ? [] : [{ topic, partition, offset: committed, isLate: true }],
  );
  await incomplete.begin(read);
}
