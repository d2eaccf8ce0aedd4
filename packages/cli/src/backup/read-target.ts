import {
  describeCluster,
  groupMembers,
  groupPositions,
  kafkaClient,
  TopicReader,
  type GroupMember,
  type GroupPosition,
} from '@sluice/kafka';
import { createLogger, type SluiceConfig } from '@sluice/runtime';
import type { Backup } from './open-backup.ts';
import { digestOf } from './restore-plan.ts';

/** Milliseconds that one question outlives an outage. */
const RECOVERY_MS = 60_000;

/** What the Kafka that is restored into has already. */
export interface RestoreTarget {
  readonly clusterId: string;
  /** Ids of all topics, by name. */
  readonly ids: ReadonlyMap<string, string>;
  /** Digests of the records of those topics of the backup that are there, by name. */
  readonly records: ReadonlyMap<string, readonly string[]>;
  /** Of each group of the backup, by its name: where it stands in the topics that are there. */
  readonly positions: ReadonlyMap<string, readonly GroupPosition[]>;
  /** Who reads for these groups now. */
  readonly members: readonly (GroupMember & { readonly group: string })[];
}

/** Changes nothing. Throws PipelineError. */
export async function readTarget(
  config: SluiceConfig,
  { topics, groups }: Backup,
  signal: AbortSignal,
): Promise<RestoreTarget> {
  const kafka = kafkaClient(config.kafka, createLogger('sluice', { level: 'silent' }));
  const reader = new TopicReader({ kafka: config.kafka, signal, recoveryMs: RECOVERY_MS });
  try {
    const ids = await reader.topicIds();
    const { clusterId } = await describeCluster(kafka, new Map());
    const records = new Map<string, readonly string[]>();
    for (const { topic } of topics.filter(({ topic: { name } }) => ids.has(name))) {
      const digests: string[] = [];
      await reader.settledEnds(topic.name);
      await reader.readTopic(topic.name, {}, (record) => digests.push(digestOf(record)));
      records.set(topic.name, digests);
    }
    const positions = new Map<string, readonly GroupPosition[]>();
    const members: (GroupMember & { readonly group: string })[] = [];
    for (const { group, offsets } of groups) {
      const named = [...new Set(offsets.map(({ topic }) => topic))].filter((topic) => ids.has(topic));
      positions.set(group, await groupPositions(kafka, group, named, null));
      members.push(...(await groupMembers(kafka, group)).map((member) => ({ ...member, group })));
    }
    return { clusterId, ids, records, positions, members };
  } finally {
    reader.close();
  }
}
