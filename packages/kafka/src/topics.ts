import { setTimeout as delay } from 'node:timers/promises';
import { preflightFailed, type PreflightProblem } from '@sluice/runtime';
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { MIN_IN_SYNC } from './copies.ts';
import { errorOfCode, findProtocolCode, toPipelineError } from './errors.ts';
import {
  INVALID_REPLICATION_FACTOR,
  LEADER_NOT_AVAILABLE,
  NONE,
  UNKNOWN_TOPIC_OR_PARTITION,
} from './protocol/error-codes.ts';

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Topic settings by Kafka's names, such as `cleanup.policy`. */
  readonly configs: Readonly<Record<string, string>>;
}

/** A topic that exists with another setting than asked for, and what the operator can do. */
export interface TopicProblem {
  readonly topic: string;
  /** `partitions`, `replicationFactor` or a topic setting. */
  readonly setting: string;
  readonly found: string;
  readonly required: string;
  readonly fix: string;
}

/** Topics of one DescribeConfigs request: an answer has about 30 settings of each. */
const TOPICS_PER_REQUEST = 100;
const CREATE_TIMEOUT_MS = 30_000;
const CREATE_POLL_MS = 50;
/** Settings where more than asked for does no harm. */
const BATCH_SIZE = 'max.message.bytes';
const MORE_IS_FINE = new Set([BATCH_SIZE, 'replicationFactor', MIN_IN_SYNC]);

/**
 * Creates the topics that are missing and waits until their partitions have leaders. Those that exist are compared: where they
 * take smaller batches than asked for, that is raised, and `onRaised` is told of it; nothing else is altered, every other
 * difference is answered as a problem. Throws PipelineError when Kafka does not answer or refuses.
 */
export async function ensureTopics(
  kafka: Kafka,
  specs: readonly TopicSpec[],
  onRaised: (problem: TopicProblem) => void = () => undefined,
): Promise<readonly TopicProblem[]> {
  return withAdmin(kafka, async (admin) => {
    const present = new Set(await admin.listTopics());
    const missing = specs.filter((spec) => !present.has(spec.name));
    if (missing.length > 0) await createTopics(admin, missing);
    // Also those just created: another process may have been quicker with other settings.
    const problems: TopicProblem[] = [];
    for (let at = 0; at < specs.length; at += TOPICS_PER_REQUEST) {
      const some = specs.slice(at, at + TOPICS_PER_REQUEST);
      problems.push(...(await whenKnown(() => compare(admin, some))));
    }
    const small = problems.filter(({ setting }) => setting === BATCH_SIZE);
    if (small.length === 0 || !(await raise(admin, small))) return problems;
    for (const problem of small) onRaised(problem);
    return problems.filter(({ setting }) => setting !== BATCH_SIZE);
  });
}

/**
 * Sets what was asked for. AlterConfigs replaces every setting of a topic by those that it names (Kafka protocol guide), so
 * they come along. False when Kafka does not let us: then each stays a problem.
 */
async function raise(admin: Admin, problems: readonly TopicProblem[]): Promise<boolean> {
  try {
    for (let at = 0; at < problems.length; at += TOPICS_PER_REQUEST) {
      const some = problems.slice(at, at + TOPICS_PER_REQUEST);
      const topics = some.map(({ topic }) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }));
      const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: topics });
      const wanted = new Map(some.map(({ topic, required }) => [topic, required]));
      await admin.alterConfigs({
        validateOnly: false,
        resources: resources.map(({ resourceName, configEntries }) => ({
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: resourceName,
          configEntries: [
            ...configEntries
              .filter((entry) => isOfTopic(entry) && entry.configName !== BATCH_SIZE)
              .map(({ configName, configValue }) => ({ name: configName, value: configValue })),
            { name: BATCH_SIZE, value: wanted.get(resourceName) ?? '' },
          ],
        })),
      });
    }
    return true;
  } catch (error) {
    const { code } = toPipelineError(error);
    if (code !== 'KAFKA_NOT_AUTHORIZED' && code !== 'KAFKA_REFUSED') throw error;
    return false;
  }
}

/** Deletes those of the topics that are there. Throws PipelineError. */
export async function deleteTopics(kafka: Kafka, names: readonly string[]): Promise<void> {
  await withAdmin(kafka, async (admin) => {
    const present = new Set(await admin.listTopics());
    const topics = names.filter((name) => present.has(name));
    if (topics.length > 0) await admin.deleteTopics({ topics });
  });
}

/** Set for this topic itself, not a default of the broker. */
export function isOfTopic({ configSource }: { readonly configSource: number }): boolean {
  return configSource === (kafkajs.ConfigSource.TOPIC_CONFIG as number);
}

export interface TopicComparison {
  readonly missing: readonly string[];
  /** What differs in those that exist. */
  readonly problems: readonly TopicProblem[];
  /** Why Kafka would not make those that are missing. */
  readonly refused: readonly PreflightProblem[];
}

/** As `ensureTopics` would find it, without making or raising anything. */
export async function compareTopics(kafka: Kafka, specs: readonly TopicSpec[]): Promise<TopicComparison> {
  return withAdmin(kafka, async (admin) => {
    const present = new Set(await admin.listTopics());
    const existing = specs.filter((spec) => present.has(spec.name));
    const problems: TopicProblem[] = [];
    for (let at = 0; at < existing.length; at += TOPICS_PER_REQUEST)
      problems.push(...(await compare(admin, existing.slice(at, at + TOPICS_PER_REQUEST))));
    const missing = specs.filter((spec) => !present.has(spec.name));
    return {
      missing: missing.map(({ name }) => name),
      problems: problems.filter(({ setting }) => setting !== BATCH_SIZE),
      refused: missing.length === 0 ? [] : await tooManyCopies(admin, missing),
    };
  });
}

/** Names of the topics that the predicate accepts, sorted. */
export async function listTopics(kafka: Kafka, accept: (name: string) => boolean): Promise<string[]> {
  return withAdmin(kafka, async (admin) => (await admin.listTopics()).filter(accept).sort());
}

async function withAdmin<T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await work(admin);
  } catch (error) {
    throw toPipelineError(error, 'administer topics');
  } finally {
    await admin.disconnect().catch(() => {}); // what failed is already on its way up
  }
}

/** Repeats while brokers have not heard of a new topic yet or a partition has no leader; the last error is thrown. */
async function whenKnown<T>(work: () => Promise<T>): Promise<T> {
  const endsAt = performance.now() + CREATE_TIMEOUT_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const code = findProtocolCode(error) ?? NONE;
      const isComing = code === UNKNOWN_TOPIC_OR_PARTITION || code === LEADER_NOT_AVAILABLE;
      if (!isComing || performance.now() >= endsAt) throw error;
      await delay(CREATE_POLL_MS);
    }
  }
}

/** Throws PREFLIGHT_FAILED when there are fewer brokers than copies are asked for. */
async function createTopics(admin: Admin, specs: readonly TopicSpec[]): Promise<void> {
  try {
    await requestTopics(admin, specs);
  } catch (error) {
    if (findProtocolCode(error) !== INVALID_REPLICATION_FACTOR) throw error;
    const problems = await tooManyCopies(admin, specs);
    throw problems.length === 0 ? error : preflightFailed(problems, error);
  }
}

/** A broker that does not run takes no copy: Kafka refuses the topic, also when the broker is known to it. */
async function tooManyCopies(admin: Admin, specs: readonly TopicSpec[]): Promise<PreflightProblem[]> {
  const { brokers } = await admin.describeCluster();
  const wanted = Math.max(...specs.map(({ replicationFactor }) => replicationFactor));
  if (wanted <= brokers.length) return [];
  return [
    {
      setting: 'topics.replicationFactor',
      found: `${wanted}, with ${brokers.length} broker(s) in the cluster`,
      required: 'at most as many replicas as there are brokers',
      fix: `set topics.replicationFactor to ${brokers.length} at most, or start the other brokers`,
    },
  ];
}

async function requestTopics(admin: Admin, specs: readonly TopicSpec[]): Promise<void> {
  await admin.createTopics({
    // The client's own wait gives up at the first broker that has not heard of the topic yet.
    waitForLeaders: false,
    timeout: CREATE_TIMEOUT_MS,
    topics: specs.map((spec) => ({
      topic: spec.name,
      numPartitions: spec.partitions,
      replicationFactor: spec.replicationFactor,
      configEntries: Object.entries(spec.configs).map(([name, value]) => ({ name, value })),
    })),
  });
}

async function compare(admin: Admin, specs: readonly TopicSpec[]): Promise<TopicProblem[]> {
  const { topics } = await admin.fetchTopicMetadata({ topics: specs.map((spec) => spec.name) });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: specs.map((spec) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name: spec.name,
      configNames: Object.keys(spec.configs),
    })),
  });
  const partitions = new Map(topics.map((topic) => [topic.name, topic.partitions]));
  const configs = new Map(resources.map((r) => [r.resourceName, new Map(r.configEntries.map(nameAndValue))]));
  return specs.flatMap((spec) => {
    const found = partitions.get(spec.name);
    if (found === undefined) throw errorOfCode(UNKNOWN_TOPIC_OR_PARTITION, `look at topic ${spec.name}`);
    if (found.some(({ leader }) => leader < 0)) {
      throw errorOfCode(LEADER_NOT_AVAILABLE, `look at topic ${spec.name}`);
    }
    const replicas = Math.min(...found.map((partition) => partition.replicas.length));
    return [
      ...difference(spec.name, 'partitions', String(found.length), String(spec.partitions)),
      ...difference(spec.name, 'replicationFactor', String(replicas), String(spec.replicationFactor)),
      ...Object.entries(spec.configs).flatMap(([setting, required]) =>
        difference(spec.name, setting, configs.get(spec.name)?.get(setting) ?? '(unset)', required),
      ),
    ];
  });
}

function nameAndValue(entry: { configName: string; configValue: string }): [string, string] {
  return [entry.configName, entry.configValue];
}

function difference(topic: string, setting: string, found: string, required: string): TopicProblem[] {
  if (sameValue(found, required)) return [];
  if (MORE_IS_FINE.has(setting) && Number(found) >= Number(required)) return [];
  return [{ topic, setting, found, required, fix: fixOf(topic, setting, required) }];
}

/** Lists such as `compact,delete` are equal in any order; numbers in any spelling. */
function sameValue(found: string, required: string): boolean {
  if (found === required) return true;
  if (found !== '' && required !== '' && Number(found) === Number(required)) return true;
  return items(found) === items(required);
}

function items(list: string): string {
  return list
    .split(',')
    .map((item) => item.trim())
    .sort()
    .join();
}

function fixOf(topic: string, setting: string, required: string): string {
  if (setting === 'partitions') {
    return 'Set `topics.partitions` to the number found. Another number moves keys between partitions: it needs a new prefix and a rebuild.';
  }
  if (setting === 'replicationFactor') {
    return 'Reassign the partitions with kafka-reassign-partitions, or set `topics.replicationFactor` to the number found.';
  }
  return `Run: kafka-configs --bootstrap-server <broker> --alter --entity-type topics --entity-name ${topic} --add-config ${setting}=[${required}]`;
}
