import type { Logger, PipelineError } from '@sluice/runtime';
import type { Consumer, Kafka } from 'kafkajs';
import type { ConsumedBatch } from './consumed-batch.ts';
import type { AssignmentOptions } from './consumer-assignment.ts';
import type { StartOffset, TopicPartition } from './consumer-start.ts';
import { assignerWith } from './member-data.ts';

/** What a handler has done with a batch. */
export interface BatchVerdict {
  /** Every record below this offset has its outcome; reading continues here. */
  readonly nextOffset: bigint;
  /**
   * `pause`: read nothing of this partition until `resume`. `reread`: the stored offset is not what it was taken for; begin
   * the partition again, where it says.
   */
  readonly action: 'go-on' | 'pause' | 'reread';
}

export interface BatchConsumerOptions {
  readonly kafka: Kafka;
  readonly groupId: string;
  readonly topics: readonly string[];
  /** What this member says of itself to whoever looks at the group (`groupMembers`). */
  readonly memberData?: string;
  /** Partitions handled at the same time. */
  readonly concurrency: number;
  readonly maxBytesPerPartition: number;
  /** Milliseconds after which a member that has gone silent loses its partitions (Kafka's `session.timeout.ms`). */
  readonly sessionTimeoutMs: number;
  /** Offset to continue at, kept outside Kafka. Absent: the group's own offset. */
  readonly storedOffset?: AssignmentOptions['storedOffset'];
  readonly keepTopicId?: AssignmentOptions['keepTopicId'];
  /** Ids of the topics there are, by name: a place in a topic that was made again is none. */
  readonly topicIds: AssignmentOptions['topicIds'];
  /** True for topics of which only the newest record matters: a gap there is no loss. */
  readonly gapsAllowed: (topic: string) => boolean;
  /** Called when nothing is read until the next `onAssigned`: the group is being joined, or the offsets are looked for. */
  readonly onLeft?: () => void;
  /** Is told of every failure to find the offsets to start at; the next try follows. */
  readonly onWaiting?: (error: PipelineError) => void;
  /** Awaited after each (re)join, before any offset of it is read or committed. */
  readonly remember?: (starts: readonly StartOffset[]) => Promise<void>;
  /** Called after each (re)join of the group, before any batch of that assignment. */
  readonly onAssigned: (partitions: readonly StartOffset[]) => void;
  /**
   * Reading has come to `next` past markers and aborted records that came alone, without a batch. Every record below has its
   * outcome; no batch of the partition is handled meanwhile.
   */
  readonly onPassed?: (where: TopicPartition, next: bigint) => void;
  /**
   * Handles one batch of one partition; batches of a partition never overlap. The signal aborts when the partition may
   * belong to someone else, or the stop's grace is over. A throw ends the consumer: `done` rejects with it.
   */
  readonly handle: (batch: ConsumedBatch, signal: AbortSignal) => Promise<BatchVerdict>;
  readonly log: Logger;
}

const HEARTBEAT_INTERVAL_MS = 3_000;
/** The broker answers at once when there is data; this bounds only how long a resumed partition waits for its first fetch. */
const MAX_WAIT_MS = 250;
const PARTITIONS_PER_FETCH = 4;
/**
 * kafkajs does not ask for new leaders when a broker gives no answer: it asks the same one again, until it asks for its own reasons,
 * every five minutes by default. Shorter than a request is waited for, so that the second try goes to the new leader.
 */
const METADATA_AGE_MS = 20_000;
/** As without a `retry` of our own (kafkajs 2.2.4, src/index.js): after these a consumer crashes and starts again. */
const RETRIES = 5;

type GroupOptions = Pick<
  BatchConsumerOptions,
  'kafka' | 'groupId' | 'memberData' | 'maxBytesPerPartition' | 'sessionTimeoutMs'
>;

/** The client of a group, not connected yet. @param mayRestart asked after a crash */
export function groupConsumer(
  { kafka, groupId, memberData = '', maxBytesPerPartition, sessionTimeoutMs }: GroupOptions,
  mayRestart: (error: Error) => Promise<boolean>,
): Consumer {
  return kafka.consumer({
    groupId,
    partitionAssigners: [assignerWith(memberData)],
    sessionTimeout: sessionTimeoutMs,
    heartbeatInterval: HEARTBEAT_INTERVAL_MS,
    allowAutoTopicCreation: false,
    maxBytesPerPartition,
    // Decompressed and decoded these are many times as large: what a fetch may hold bounds the memory.
    maxBytes: maxBytesPerPartition * PARTITIONS_PER_FETCH,
    minBytes: 1,
    maxWaitTimeInMs: MAX_WAIT_MS,
    metadataMaxAge: METADATA_AGE_MS,
    retry: { retries: RETRIES, restartOnFailure: mayRestart },
  });
}
