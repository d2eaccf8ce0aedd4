import { offsetFetchV8 } from '@platformatic/kafka';
import type { KafkaConfig } from '@sluice/runtime';
import { BrokerConnections } from './broker-connections.ts';
import { Cluster } from './cluster.ts';
import { partitionName } from './consumer-start.ts';
import { toPipelineError } from './errors.ts';
import { PartitionReader } from './partition-reader.ts';
import { RecoveryWindow } from './recovery-window.ts';

/** How far a group that perhaps nobody runs is behind. */
export interface GroupLag {
  /** Records between the group's offsets and the ends of the topics; of a partition without an offset, all that are there. */
  readonly records: number;
  /** Records that were deleted before the group had read them. */
  readonly lost: number;
  /** False: the group has never committed an offset of these topics. */
  readonly hasOffsets: boolean;
}

/** People wait for the answer. */
const PATIENCE_MS = 5000;
const CONNECTION_TIMES = { connectTimeoutMs: 3000, requestTimeoutMs: 3000 };
const PARTITIONS_AT_ONCE = 20;
const NO_EPOCH = -1;

/** Asks the brokers, without the group's members. Throws PipelineError when they do not answer within seconds. */
export async function groupLag(
  config: KafkaConfig,
  groupId: string,
  accept: (topic: string) => boolean,
): Promise<GroupLag> {
  const connections = new BrokerConnections(config, CONNECTION_TIMES);
  const timeUp = AbortSignal.timeout(2 * PATIENCE_MS);
  const giveUp = (): void => connections.destroy();
  timeUp.addEventListener('abort', giveUp, { once: true });
  try {
    const cluster = new Cluster(connections, config);
    const topics = [...(await cluster.topicIds()).keys()].filter(accept);
    if (topics.length > 0) await cluster.refresh(topics);
    const committed = await committedOffsets(cluster, connections, groupId);
    const reader = new PartitionReader(cluster, connections);
    return await sum(topics, cluster, committed, (topic, partition) =>
      reader.bounds(topic, partition, new RecoveryWindow(PATIENCE_MS, timeUp)),
    );
  } catch (error) {
    throw toPipelineError(error, `look how far group ${groupId} is`);
  } finally {
    timeUp.removeEventListener('abort', giveUp);
    connections.destroy();
  }
}

async function committedOffsets(
  cluster: Cluster,
  connections: BrokerConnections,
  groupId: string,
): Promise<ReadonlyMap<string, bigint>> {
  const coordinator = await cluster.groupCoordinator(groupId);
  const connection = await connections.to(coordinator);
  const { groups } = await offsetFetchV8.api.async(
    connection,
    [{ groupId, memberEpoch: NO_EPOCH, topics: null }],
    false,
  );
  const committed = new Map<string, bigint>();
  for (const { name, partitions } of groups.flatMap(({ topics }) => topics))
    for (const { partitionIndex, committedOffset } of partitions)
      if (committedOffset >= 0n) committed.set(partitionName(name, partitionIndex), committedOffset);
  return committed;
}

type Bounds = (topic: string, partition: number) => Promise<{ readonly start: bigint; readonly end: bigint }>;

async function sum(
  topics: readonly string[],
  cluster: Cluster,
  committed: ReadonlyMap<string, bigint>,
  bounds: Bounds,
): Promise<GroupLag> {
  const places = topics.flatMap((topic) =>
    Array.from({ length: cluster.partitionCount(topic) ?? 0 }, (_, partition) => ({ topic, partition })),
  );
  const all = { records: 0, lost: 0, hasOffsets: false };
  for (let at = 0; at < places.length; at += PARTITIONS_AT_ONCE) {
    const some = places.slice(at, at + PARTITIONS_AT_ONCE);
    const found = await Promise.all(some.map(({ topic, partition }) => bounds(topic, partition)));
    some.forEach(({ topic, partition }, index) => {
      const { start, end } = found[index] ?? { start: 0n, end: 0n };
      const offset = committed.get(partitionName(topic, partition));
      all.hasOffsets ||= offset !== undefined;
      const { records, lost } = partitionLag(start, end, offset);
      all.records += records;
      all.lost += lost;
    });
  }
  return all;
}

/**
 * What a group at `offset` has not read of a partition that holds [start, end). The end marker of a transaction is no record:
 * where it stands alone, unread or deleted, nothing is behind or lost.
 */
export function partitionLag(
  start: bigint,
  end: bigint,
  offset: bigint | undefined,
): { readonly records: number; readonly lost: number } {
  const from = offset === undefined || offset < start ? start : offset;
  const atLeastTwo = (distance: bigint): number => (distance <= 1n ? 0 : Number(distance));
  return { records: atLeastTwo(end - from), lost: offset === undefined ? 0 : atLeastTwo(start - offset) };
}
