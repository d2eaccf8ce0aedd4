import type { Admin } from 'kafkajs';
import type { Assignment } from './consumer-assignment.ts';
import { fetchWatermarks, type TopicPartition } from './consumer-start.ts';

/**
 * Records between the next one to read and the end (`high`) of a partition. A transaction's end marker at the very end may be
 * unread although every record is: it is no lag.
 */
export function lagOf(high: bigint, position: bigint): number {
  const distance = Number(high - position);
  return distance <= 1 ? 0 : distance;
}

/** The lag of each assigned partition; null while it is not known of every one. One request per topic. */
export async function measureLag(
  admin: Pick<Admin, 'fetchTopicOffsets'>,
  assignment: Pick<Assignment, 'partitions' | 'position'>,
): Promise<readonly (TopicPartition & { records: number })[] | null> {
  const lags: (TopicPartition & { records: number })[] = [];
  const assigned = assignment.partitions;
  for (const [topic, partitions] of Map.groupBy(assigned, (where) => where.topic)) {
    const marks = await fetchWatermarks(admin, topic);
    for (const { partition } of partitions) {
      const high = marks.get(partition)?.high;
      const position = assignment.position({ topic, partition });
      if (high === undefined || position === undefined) return null;
      lags.push({ topic, partition, records: lagOf(high, position) });
    }
  }
  return assigned === assignment.partitions ? lags : null;
}

/** Members of a group by another client id, as `id at host`: what they read does not come here. */
export async function strangersIn(
  admin: Pick<Admin, 'describeGroups'>,
  groupId: string,
  clientId: string,
): Promise<readonly string[]> {
  const { groups } = await admin.describeGroups([groupId]);
  return groups
    .flatMap(({ members }) => members)
    .filter((member) => member.clientId !== clientId)
    .map((member) => `${member.clientId} at ${member.clientHost.replace(/^\//, '')}`);
}
