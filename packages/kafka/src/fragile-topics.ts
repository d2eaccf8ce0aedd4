import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { PipelineError } from '@sluice/runtime';
import { MIN_IN_SYNC } from './copies.ts';
import { toPipelineError } from './errors.ts';

/** How a topic is kept, as Kafka has it: by settings of its own or by defaults of the brokers. */
export interface TopicCopies {
  readonly name: string;
  readonly replicas: number;
  readonly minInSync: number;
  /** A replica may lead that lacks acknowledged records, where no other is there. */
  readonly isUnclean: boolean;
}

const UNCLEAN = 'unclean.leader.election.enable';
/** Kafka's own, without which nothing is committed and no consumer knows where it is. */
const KAFKAS_OWN = ['__transaction_state', '__consumer_offsets'];
const TOPICS_PER_REQUEST = 100;
const SHOWN = 3;

/**
 * What keeps these topics, and those of Kafka's own that this user may see, from outliving the loss of one broker; a sentence each, with
 * what to do. Changes nothing. Throws PipelineError.
 */
export async function fragileTopics(kafka: Kafka, names: readonly string[]): Promise<readonly string[]> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    const [{ brokers }, present] = await Promise.all([admin.describeCluster(), admin.listTopics()]);
    const isThere = new Set(present);
    const copies: TopicCopies[] = [];
    const own = names.filter((name) => isThere.has(name));
    for (let at = 0; at < own.length; at += TOPICS_PER_REQUEST)
      copies.push(...(await copiesOf(admin, own.slice(at, at + TOPICS_PER_REQUEST))));
    for (const name of KAFKAS_OWN)
      if (isThere.has(name)) copies.push(...(await ifAllowed(() => copiesOf(admin, [name]))));
    return weaknesses(copies, brokers.length);
  } catch (error) {
    throw toPipelineError(error, 'look at the copies of topics');
  } finally {
    await admin.disconnect().catch(() => {}); // what failed is already on its way up
  }
}

async function copiesOf(admin: Admin, names: readonly string[]): Promise<TopicCopies[]> {
  if (names.length === 0) return [];
  const { topics } = await admin.fetchTopicMetadata({ topics: [...names] });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
      configNames: [MIN_IN_SYNC, UNCLEAN],
    })),
  });
  return topics.map(({ name, partitions }) => {
    const entries = resources.find(({ resourceName }) => resourceName === name)?.configEntries ?? [];
    const value = (setting: string): string | undefined =>
      entries.find(({ configName }) => configName === setting)?.configValue;
    return {
      name,
      replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
      minInSync: Number(value(MIN_IN_SYNC) ?? 1),
      isUnclean: value(UNCLEAN) === 'true',
    };
  });
}

/** Kafka's own topics are often kept from applications: then nothing is known of them. */
async function ifAllowed(ask: () => Promise<TopicCopies[]>): Promise<TopicCopies[]> {
  try {
    return await ask();
  } catch (error) {
    const translated = toPipelineError(error, 'look at a topic of Kafka');
    if (translated instanceof PipelineError && translated.code === 'KAFKA_NOT_AUTHORIZED') return [];
    throw error;
  }
}

/** A sentence for all topics that have the same weakness. Pure. @param brokers of the cluster */
export function weaknesses(topics: readonly TopicCopies[], brokers: number): readonly string[] {
  const found = topics.flatMap((topic) =>
    weaknessesOf(topic, brokers).map((weakness) => ({ weakness, name: topic.name })),
  );
  return [...Map.groupBy(found, ({ weakness }) => weakness)].map(
    ([weakness, alike]) => `${shown(alike.map(({ name }) => name))} ${weakness}`,
  );
}

function weaknessesOf({ replicas, minInSync, isUnclean }: TopicCopies, brokers: number): string[] {
  const all: string[] = [];
  if (minInSync > replicas)
    all.push(
      `can take no record: ${MIN_IN_SYNC} is ${minInSync}, more than ${copies(replicas)}. Set it to ${Math.max(1, replicas - 1)}`,
    );
  else if (replicas === 1 && brokers > 1)
    all.push(
      `would be lost with one broker, although there are ${brokers}: one copy. Reassign the partitions with kafka-reassign-partitions, and set topics.replicationFactor`,
    );
  else if (replicas > 1 && minInSync === 1)
    all.push(
      `may lose acknowledged records with one broker: ${MIN_IN_SYNC} is 1, with ${copies(replicas)}. Set topics.minInsyncReplicas to 2, and the same for topics that exist with kafka-configs`,
    );
  else if (replicas > 1 && minInSync === replicas)
    all.push(
      `can take no record while any broker is away: ${MIN_IN_SYNC} is ${minInSync}, with ${copies(replicas)}. Keep one copy more than that`,
    );
  if (isUnclean)
    all.push(
      `may lose acknowledged records: ${UNCLEAN} is on, which Kafka's transactions do not survive. Set it to false`,
    );
  return all;
}

function copies(count: number): string {
  return count === 1 ? 'one copy' : `${count} copies`;
}

function shown(names: readonly string[]): string {
  if (names.length === 1) return `topic ${names[0]}`;
  const more = names.length - SHOWN;
  return `topics ${names.slice(0, SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
