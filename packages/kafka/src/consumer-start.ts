import { PipelineError } from '@sluice/runtime';
import type { Admin } from 'kafkajs';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface StartOffset extends TopicPartition {
  /** Offset of the first record to read. */
  readonly offset: bigint;
  /** Nothing of the partition was read before, and records that once stood in front of this offset are gone. */
  readonly isLate: boolean;
}

export interface Watermarks {
  /** Offset of the oldest record that the broker still has. */
  readonly low: bigint;
  /** Offset that the next record will get. */
  readonly high: bigint;
}

/**
 * Where reading continues. A stored offset outside of what the broker holds means that records were deleted unread
 * (retention, a topic made anew): reading on would lose them in silence, so it throws DATA_GAP.
 * `stored` is null when this partition was never read: it begins at the oldest record there is, late when others were deleted.
 * With `gapsAllowed` (topics of which only the newest record matters) it starts at the oldest record, and is never late.
 */
export function chooseStart(
  where: TopicPartition,
  stored: bigint | null,
  marks: Watermarks,
  gapsAllowed: boolean,
): StartOffset {
  const { topic, partition } = where;
  const { low, high } = marks;
  if (stored === null) return { topic, partition, offset: low, isLate: low > 0n && !gapsAllowed };
  if (stored >= low && stored <= high) return { topic, partition, offset: stored, isLate: false };
  if (gapsAllowed) return { topic, partition, offset: low, isLate: false };
  throw dataGap(where, stored, marks);
}

export function dataGap(where: TopicPartition, wanted: bigint, marks: Watermarks): PipelineError {
  const name = `${where.topic}[${where.partition}]`;
  const held = `the broker holds offsets ${marks.low} to ${marks.high}`;
  return new PipelineError('DATA_GAP', `${name}: offset ${wanted} is to be read next, but ${held}`, {
    context: {
      topic: where.topic,
      partition: where.partition,
      wanted: String(wanted),
      low: String(marks.low),
      high: String(marks.high),
    },
  });
}

/** Oldest and next offset of each partition of a topic. */
export async function fetchWatermarks(admin: Admin, topic: string): Promise<ReadonlyMap<number, Watermarks>> {
  const offsets = await admin.fetchTopicOffsets(topic);
  return new Map(
    offsets.map(({ partition, low, high }) => [partition, { low: BigInt(low), high: BigInt(high) }]),
  );
}

/** Offsets that the group has committed for a topic; partitions without one are absent. */
export async function fetchCommitted(
  admin: Admin,
  groupId: string,
  topics: readonly string[],
): Promise<ReadonlyMap<string, bigint>> {
  const committed = new Map<string, bigint>();
  for (const { topic, partitions } of await admin.fetchOffsets({ groupId, topics: [...topics] })) {
    for (const { partition, offset } of partitions) {
      const value = BigInt(offset);
      if (value >= 0n) committed.set(partitionName(topic, partition), value);
    }
  }
  return committed;
}

/** One string per partition, for maps. */
export function partitionName(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
