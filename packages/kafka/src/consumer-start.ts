import { PipelineError } from '@sluice/runtime';
import type { Admin } from 'kafkajs';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface StartOffset extends TopicPartition {
  /** Offset of the first record to read. */
  readonly offset: bigint;
  /**
   * Nothing of the partition was read before, or only of an earlier topic of the name, and records that once stood in front of this
   * offset are gone; or another program has put the group here, and nobody knows what was read.
   */
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
 * (retention): reading on would lose them in silence, so it throws DATA_GAP.
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
  const held = `the broker has offsets ${marks.low} to ${marks.high}`;
  return new PipelineError('DATA_GAP', `${name}: the next offset to read is ${wanted}, but ${held}`, {
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
export async function fetchWatermarks(
  admin: Pick<Admin, 'fetchTopicOffsets'>,
  topic: string,
): Promise<ReadonlyMap<number, Watermarks>> {
  const offsets = await admin.fetchTopicOffsets(topic);
  return new Map(
    offsets.map(({ partition, low, high }) => [partition, { low: BigInt(low), high: BigInt(high) }]),
  );
}

/** A place that was stored for a partition. */
export interface StoredOffset {
  readonly offset: bigint;
  /** Id of the topic that it is a place of; null where none was stored with it. */
  readonly topicId: string | null;
}

/** An offset that a group has committed. */
export interface GroupOffset extends TopicPartition, StoredOffset {}

/** Offsets that the group has committed, the topic's id in their metadata. @param topics absent: all */
export async function committedOffsets(
  admin: Admin,
  groupId: string,
  topics?: readonly string[],
): Promise<readonly GroupOffset[]> {
  const found = await admin.fetchOffsets({
    groupId,
    ...(topics === undefined ? {} : { topics: [...topics] }),
  });
  return found.flatMap(({ topic, partitions }) =>
    partitions
      .map(({ partition, offset, metadata }) => ({
        topic,
        partition,
        offset: BigInt(offset),
        topicId: metadata === null || metadata === '' ? null : metadata,
      }))
      .filter(({ offset }) => offset >= 0n),
  );
}

/** The same by partition; those without one are absent. */
export async function fetchCommitted(
  admin: Admin,
  groupId: string,
  topics: readonly string[],
): Promise<ReadonlyMap<string, StoredOffset>> {
  const committed = await committedOffsets(admin, groupId, topics);
  return new Map(
    committed.map(({ topic, partition, offset, topicId }) => [
      partitionName(topic, partition),
      { offset, topicId },
    ]),
  );
}

/**
 * False for a place of an earlier topic of the name: one that was deleted and made again begins at 0, though it may have a
 * record of that number. Either id may be null: what is not known says nothing.
 */
export function isOfTopic(stored: StoredOffset, topicId: string | null): boolean {
  return stored.topicId === null || topicId === null || stored.topicId === topicId;
}

/**
 * Whether another program than Sluice has put the group here: each commit of ours carries the topic's id, what
 * `kafka-consumer-groups --reset-offsets` writes has no metadata. At the first record of all nothing can be missing.
 */
export function isMovedByOthers(stored: StoredOffset, topicId: string | null): boolean {
  return stored.topicId === null && topicId !== null && stored.offset > 0n;
}

/** One string per partition, for maps. */
export function partitionName(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
