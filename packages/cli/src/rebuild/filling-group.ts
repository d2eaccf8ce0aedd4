import { setTimeout as delay } from 'node:timers/promises';
import { deadLetterTopic, decisionsTopic, parseTableId, TopicRouting } from '@sluice/envelope';
import { forgetReader, groupPositions, kafkaClient, moveGroup, type GroupWatch } from '@sluice/kafka';
import { createLogger, PipelineError, type SluiceConfig } from '@sluice/runtime';
import { CommandFailed } from '../operator/command-failed.ts';
import { withDeadLetters } from '../operator/dead-letters.ts';
import type { FillingSink } from './filling-sink.ts';

const EVERY_MS = 500;
/** A process that was killed is a member until its session ends, 45 s by default. */
const GONE_MS = 75_000;

/** Topics that have rows of these tables, those that there are. */
export function topicsOfTables(config: SluiceConfig, tables: readonly string[]): readonly string[] {
  const routing = new TopicRouting(config.topics);
  const names = tables.map(parseTableId).flatMap(({ database, table }) => routing.topicsOf(database, table));
  return [...new Set(names)];
}

/**
 * Waits until no process fills any more: one that was killed counts for its session. Throws CommandFailed when one continues, so that there are
 * never two rebuilds of one sink.
 */
export async function nobodyFills(
  watch: GroupWatch,
  { group }: FillingSink,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  for (const startedAt = Date.now(); ;) {
    const [member] = await watch.members(group);
    if (member === undefined) return;
    const waitedMs = Date.now() - startedAt;
    if (waitedMs > GONE_MS)
      throw new CommandFailed(`${member.host} is rebuilding this sink at this moment: only one can`);
    if (waitedMs < EVERY_MS) say(`waiting for the session of the rebuild before this one, at ${member.host}`);
    await delay(EVERY_MS, undefined, { signal });
  }
}

/** Has the filling sink begin at the ends of its topics: what was published before is in the snapshots that begin later. */
export async function beginAtEnds(
  { config, group, name }: FillingSink,
  tables: readonly string[],
): Promise<void> {
  const kafka = kafkaClient(config.kafka, createLogger('sluice', { level: 'silent' }));
  const positions = await groupPositions(kafka, group, topicsOfTables(config, tables), null);
  await putAt(
    { config, group, sink: name },
    positions.map(({ topic, partition, high }) => ({ topic, partition, offset: high })),
  );
}

interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

/** Puts a sink that is stopped somewhere, wherever it keeps its offsets, as `sluice sink rewind` does. Throws GROUP_ACTIVE. */
export async function putAt(
  { config, group, sink }: { readonly config: SluiceConfig; readonly group: string; readonly sink: string },
  places: readonly Place[],
): Promise<void> {
  if (places.length === 0) return;
  await withDeadLetters({ config, sink, decides: true }, async ({ store }) => {
    for (const { topic, partition, offset } of places) {
      const value = { at: Date.now(), by: 'sluice sink rebuild', offset: String(offset), acceptGap: true };
      await store.decide({ kind: 'rewind', topic, partition, value });
    }
    // Behind the orders: broken off before them, the next run finds the places as they were.
    await moveGroup(config.kafka, group, places);
    for (const { topic, partition } of places)
      await store.decide({ kind: 'incomplete', topic, partition, value: null });
  });
}

/** Removes what Kafka knows of the filling sink: its group and its own topics. Where that is not allowed it only takes room, and is told. */
export async function forgetFilling(
  { config, group, name }: FillingSink,
  say: (line: string) => void,
): Promise<void> {
  const { prefix } = config.topics;
  const topics = [deadLetterTopic(prefix, name), decisionsTopic(prefix, name)];
  const kafka = kafkaClient(config.kafka, createLogger('sluice', { level: 'silent' }));
  try {
    await forgetReader(kafka, group, topics);
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    say(
      `group ${group} and the topics ${topics.join(', ')} can be deleted, which this account may not: ${error.message}`,
    );
  }
}
