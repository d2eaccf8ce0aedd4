import { createHash } from 'node:crypto';
import { partitionName, type GroupMove, type GroupPosition, type TopicRecord } from '@sluice/kafka';
import type { BackupGroup, BackupTopic } from './backup-manifest.ts';
import type { KeptRecord } from './kept-record.ts';
import type { RestorableTopic } from './open-backup.ts';

/**
 * `create`: the topic is not there; `fill`: it lacks records; `same`: it has all of them; `keep`: it has others, and stays as it is.
 */
export type TopicAction = 'create' | 'fill' | 'same' | 'keep';

export interface PlannedTopic {
  readonly topic: BackupTopic;
  readonly action: TopicAction;
  /** What is written, in this order. */
  readonly missing: readonly KeptRecord[];
}

/** What a record of a topic is known by. */
export function digestOf({ key, value }: Pick<TopicRecord, 'key' | 'value'>): string {
  const hash = createHash('sha256').update(`${key?.length ?? -1} ${value?.length ?? -1} `);
  return hash
    .update(key ?? '')
    .update(value ?? '')
    .digest('base64');
}

/**
 * A topic that has the first records of the backup is one whose restore was interrupted: it gets the others. One that has anything else
 * was written to by the pipeline since, and what is older must not come behind what is newer.
 * @param there digests of what the topic has; undefined: there is no such topic
 * @param anyOrder records tell their time themselves (the audit): those that are not there are added
 */
export function planTopic(
  { topic, records }: RestorableTopic,
  there: readonly string[] | undefined,
  anyOrder: boolean,
): PlannedTopic {
  if (there === undefined) return { topic, action: 'create', missing: records };
  const wanted = records.map(digestOf);
  if (!anyOrder && there.some((digest, at) => digest !== wanted[at]))
    return { topic, action: 'keep', missing: [] };
  const known = new Set(there);
  const missing = records.filter((_, at) => (anyOrder ? !known.has(wanted[at] ?? '') : at >= there.length));
  return { topic, action: missing.length === 0 ? 'same' : 'fill', missing };
}

/**
 * What is wrong with topics that were written; null when each has what the backup has, and nothing else.
 * @param after the plan for what is there now
 */
export function notTaken(written: readonly PlannedTopic[], after: readonly PlannedTopic[]): string | null {
  for (const { topic } of written) {
    const action = after.find((each) => each.topic.name === topic.name)?.action;
    if (action === 'keep')
      return `${topic.name} has other records than the backup: something wrote to it meanwhile. Stop capture and the sinks, delete the topic, and run the command again`;
    if (action !== 'same')
      return `${topic.name} has not taken all records: run the command again, it writes what is missing`;
  }
  return null;
}

export interface PlannedGroup {
  readonly sink: string;
  readonly group: string;
  readonly moves: readonly GroupMove[];
  /** Partitions of which the group has an offset: it stays, whether it is in front of the backup's or behind. */
  readonly stay: number;
  /** Those of them where the sink has come further than in the backup. */
  readonly ahead: number;
  /** Partitions whose topic is gone or another one, or whose records are deleted: the sink reads them from their beginning. */
  readonly fromBeginning: number;
}

/**
 * An offset is set only where the group has none, in the very topic that it was one of, and where records are on both sides of it: so far
 * the sink had come. Anywhere else it would skip records, or mean nothing.
 * @param positions of the group, in the topics that are there
 * @param ids of the topics that are there, by name
 * @param idBefore of a topic in the backup, for offsets without an id of their own
 */
export function planGroup(
  { sink, group, offsets }: BackupGroup,
  positions: readonly GroupPosition[],
  ids: ReadonlyMap<string, string>,
  idBefore: (topic: string) => string | undefined,
): PlannedGroup {
  const there = new Map(positions.map((each) => [partitionName(each.topic, each.partition), each]));
  const moves: GroupMove[] = [];
  let [stay, ahead, fromBeginning] = [0, 0, 0];
  for (const { topic, partition, offset: text, topicId = null } of offsets) {
    const offset = BigInt(text);
    const id = topicId ?? idBefore(topic);
    const now = there.get(partitionName(topic, partition));
    const committed = now?.committed ?? null;
    if (committed !== null) {
      stay += 1;
      if (committed > offset) ahead += 1;
    } else if (now === undefined || id === undefined || ids.get(topic) !== id) fromBeginning += 1;
    else if (offset < now.low || offset > now.high) fromBeginning += 1;
    else moves.push({ topic, partition, offset, topicId: id });
  }
  return { sink, group, moves, stay, ahead, fromBeginning };
}
