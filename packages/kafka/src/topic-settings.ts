import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { toPipelineError } from './errors.ts';
import { isOfTopic, type TopicSpec } from './topics.ts';

/** A topic as a cluster has it. */
export interface TopicFacts extends TopicSpec {
  /** Kafka's id of it: one that was deleted and made again has another. */
  readonly id: string;
}

export interface ClusterFacts {
  readonly clusterId: string;
  readonly topics: readonly TopicFacts[];
}

/** Topics of one request: an answer has about 30 settings of each. */
const TOPICS_PER_REQUEST = 100;
const NOTHING: TopicSpec['configs'] = {};

/**
 * The cluster, and these topics with the settings that they have of their own; defaults of the brokers are not among them.
 * @param ids by name, of the topics that are wanted
 * Throws PipelineError.
 */
export async function describeCluster(kafka: Kafka, ids: ReadonlyMap<string, string>): Promise<ClusterFacts> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    const { clusterId } = await admin.describeCluster();
    const topics: TopicFacts[] = [];
    const all = [...ids];
    for (let at = 0; at < all.length; at += TOPICS_PER_REQUEST)
      topics.push(...(await describe(admin, all.slice(at, at + TOPICS_PER_REQUEST))));
    return { clusterId, topics };
  } catch (error) {
    throw toPipelineError(error, 'look at topics');
  } finally {
    await admin.disconnect().catch(() => {}); // what failed is already on its way up
  }
}

async function describe(admin: Admin, some: readonly (readonly [string, string])[]): Promise<TopicFacts[]> {
  const names = some.map(([name]) => name);
  const { topics } = await admin.fetchTopicMetadata({ topics: names });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  });
  const configs = new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      Object.fromEntries(configEntries.filter(isOfTopic).map((each) => [each.configName, each.configValue])),
    ]),
  );
  const partitions = new Map(topics.map((topic) => [topic.name, topic.partitions]));
  return some.map(([name, id]) => {
    const known = partitions.get(name) ?? [];
    const replicationFactor = Math.min(...known.map(({ replicas }) => replicas.length));
    return { name, id, partitions: known.length, replicationFactor, configs: configs.get(name) ?? NOTHING };
  });
}
