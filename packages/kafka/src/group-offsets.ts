import { offsetCommitV8 } from '@platformatic/kafka';
import { PipelineError, type KafkaConfig } from '@sluice/runtime';
import type { Admin, Kafka } from 'kafkajs';
import { BrokerConnections } from './broker-connections.ts';
import { Cluster } from './cluster.ts';
import {
  committedOffsets,
  fetchCommitted,
  fetchWatermarks,
  partitionName,
  type GroupOffset,
  type StoredOffset,
  type TopicPartition,
  type Watermarks,
} from './consumer-start.ts';
import { findProtocolCode, toPipelineError } from './errors.ts';
import { memberDataOf } from './member-data.ts';
import { RecoveryWindow } from './recovery-window.ts';

/** Where a group stands in one partition, and where a time would put it. */
export interface GroupPosition extends TopicPartition, Watermarks {
  /** Next offset that the group reads; null when it has committed none. */
  readonly committed: bigint | null;
  /** Offset of the first record at or after the time asked for, the partition's end without one; null when none was asked for. */
  readonly atTime: bigint | null;
}

export interface GroupMove extends TopicPartition {
  readonly offset: bigint;
  /** Id of the topic that it is a place of: in another one of the name it is none. Absent: of the one that is there. */
  readonly topicId?: string;
}

const NOTHING: ReadonlyMap<string, StoredOffset> = new Map();
const CONNECTION_TIMES = { connectTimeoutMs: 5_000, requestTimeoutMs: 30_000 };
/** A commit from outside of the group is taken only while it has no member (Kafka protocol guide, OffsetCommit). */
const NO_GENERATION = -1;
const NO_MEMBER = '';
const NO_LEADER_EPOCH = -1;
const UNKNOWN_MEMBER_ID = 25;
const ILLEGAL_GENERATION = 22;
/** A cluster that has just come up knows no coordinator of the group for a moment. */
const COORDINATOR_MS = 5_000;

/** A process that reads for a group. */
export interface GroupMember {
  readonly clientId: string;
  /** Address that the broker sees it at. */
  readonly host: string;
  /** What it says of itself (`BatchConsumerOptions.memberData`); empty when it says nothing. */
  readonly data: string;
}

/** Members of the group now; a process that was killed is one until its session ends. Throws PipelineError. */
export async function groupMembers(kafka: Kafka, groupId: string): Promise<readonly GroupMember[]> {
  return withAdmin(kafka, `look at group ${groupId}`, (admin) => membersOf(admin, groupId));
}

async function membersOf(admin: Admin, groupId: string): Promise<readonly GroupMember[]> {
  const { groups } = await admin.describeGroups([groupId]);
  return groups.flatMap(({ members }) =>
    members.map(({ clientId, clientHost, memberMetadata }) => ({
      clientId,
      host: clientHost.replace(/^\//, ''),
      data: memberDataOf(memberMetadata),
    })),
  );
}

/** True when the group has committed an offset of any topic. Throws PipelineError. */
export async function groupHasOffsets(kafka: Kafka, groupId: string): Promise<boolean> {
  return (await groupOffsets(kafka, groupId)).some(({ offset }) => offset > 0n);
}

/** Where the group stands by itself, in all topics. Throws PipelineError. */
export async function groupOffsets(kafka: Kafka, groupId: string): Promise<readonly GroupOffset[]> {
  return withAdmin(kafka, `read the offsets of group ${groupId}`, (admin) =>
    committedOffsets(admin, groupId),
  );
}

/** Every partition of these topics, by topic and number. `time`: milliseconds since 1970. Throws PipelineError. */
export async function groupPositions(
  kafka: Kafka,
  groupId: string,
  topics: readonly string[],
  time: number | null,
): Promise<readonly GroupPosition[]> {
  const doing = `read the offsets of group ${groupId}`;
  return withAdmin(kafka, doing, (admin) => positionsOf(admin, groupId, topics, time));
}

async function positionsOf(
  admin: Admin,
  groupId: string,
  topics: readonly string[],
  time: number | null,
): Promise<readonly GroupPosition[]> {
  const committed = topics.length === 0 ? NOTHING : await fetchCommitted(admin, groupId, topics);
  const positions: GroupPosition[] = [];
  for (const topic of topics) {
    const marks = await fetchWatermarks(admin, topic);
    const atTime = time === null ? new Map<number, bigint>() : await offsetsAt(admin, topic, time);
    for (const [partition, { low, high }] of [...marks].sort(([a], [b]) => a - b)) {
      const offset = committed.get(partitionName(topic, partition))?.offset ?? null;
      positions.push({
        topic,
        partition,
        low,
        high,
        committed: offset,
        atTime: atTime.get(partition) ?? null,
      });
    }
  }
  return positions;
}

/** Members and positions of groups that are asked for again and again, over one connection to each broker. */
export class GroupWatch {
  readonly #kafka: Kafka;
  #admin: Admin | null = null;

  constructor(kafka: Kafka) {
    this.#kafka = kafka;
  }

  /** As `groupMembers`. */
  members(groupId: string): Promise<readonly GroupMember[]> {
    return this.#ask(`look at group ${groupId}`, (admin) => membersOf(admin, groupId));
  }

  /** As `groupPositions`, without a time. */
  positions(groupId: string, topics: readonly string[]): Promise<readonly GroupPosition[]> {
    const doing = `read the offsets of group ${groupId}`;
    return this.#ask(doing, (admin) => positionsOf(admin, groupId, topics, null));
  }

  async close(): Promise<void> {
    const admin = this.#admin;
    this.#admin = null;
    await admin?.disconnect().catch(() => {}); // nobody needs it any more
  }

  /** A connection that has failed is not asked a second time. */
  #ask<T>(doing: string, work: (admin: Admin) => Promise<T>): Promise<T> {
    return untilAnswered(doing, async () => {
      try {
        this.#admin ??= this.#kafka.admin();
        await this.#admin.connect();
        return await work(this.#admin);
      } catch (error) {
        await this.close();
        throw error;
      }
    });
  }
}

/**
 * Sets the group's committed offsets, in one request, with the ids of the topics as a sink commits them. Throws GROUP_ACTIVE when it has members: a running consumer would
 * commit its own offsets over them.
 */
export async function moveGroup(
  config: KafkaConfig,
  groupId: string,
  moves: readonly GroupMove[],
): Promise<void> {
  const connections = new BrokerConnections(config, CONNECTION_TIMES);
  try {
    const cluster = new Cluster(connections, config);
    const coordinator = await cluster.groupCoordinator(groupId);
    const topicIds = await cluster.topicIds();
    const connection = await connections.to(coordinator);
    const topics = [...Map.groupBy(moves, ({ topic }) => topic)].map(([name, some]) => ({
      name,
      partitions: some.map(({ partition, offset, topicId }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: NO_LEADER_EPOCH,
        committedMetadata: topicId ?? topicIds.get(name) ?? null,
      })),
    }));
    await offsetCommitV8.api.async(connection, groupId, NO_GENERATION, NO_MEMBER, null, topics);
  } catch (error) {
    const code = findProtocolCode(error);
    if (code === UNKNOWN_MEMBER_ID || code === ILLEGAL_GENERATION) throw groupActive(groupId, error);
    throw toPipelineError(error, `move group ${groupId}`);
  } finally {
    connections.destroy();
  }
}

/** `cause`: the broker's answer, when it was the one to refuse. */
export function groupActive(groupId: string, cause?: unknown): PipelineError {
  return new PipelineError('GROUP_ACTIVE', `consumer group ${groupId} has members: its sink is running`, {
    cause,
    context: { groupId },
  });
}

/** kafkajs answers the partition's end for a time after its last record. */
async function offsetsAt(admin: Admin, topic: string, time: number): Promise<Map<number, bigint>> {
  const found = await admin.fetchTopicOffsetsByTimestamp(topic, time);
  return new Map(found.map(({ partition, offset }) => [partition, BigInt(offset)]));
}

function withAdmin<T>(kafka: Kafka, doing: string, work: (admin: Admin) => Promise<T>): Promise<T> {
  return untilAnswered(doing, () => askOnce(kafka, work));
}

/** Asks again for up to 5 s what may be answered later. `ask` only reads. */
async function untilAnswered<T>(doing: string, ask: () => Promise<T>): Promise<T> {
  const window = new RecoveryWindow(COORDINATOR_MS, new AbortController().signal);
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const known = toPipelineError(error, doing);
      if (known.errorClass !== 'retryable') throw known;
      await window.again(known);
    }
  }
}

async function askOnce<T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await admin.disconnect().catch(() => {}); // what failed is already on its way up
  }
}
