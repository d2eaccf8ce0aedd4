import kafkajs from 'kafkajs';
import type { Scene } from './scene.ts';
import type { PipelineWishes } from './service-launcher.ts';
import { coordinatorOf, partitionsOf, type PartitionState } from './kafka-partitions.ts';

/** Each record in three brokers, and in two of them before it counts. */
export const THREE_COPIES: PipelineWishes = {
  sections: { topics: { partitions: 3, replicationFactor: 3, minInsyncReplicas: 2 } },
};
/** A consumer whose broker is gone for long ends, and asks to be started again. */
export const SINKS_MAY_RESTART = { 'sink-redis': 3, 'sink-elasticsearch': 3, 'sink-mysql': 3 };

const WHOLE_MS = 60_000;
const TOPIC = kafkajs.ConfigResourceTypes.TOPIC;
const OF_TOPIC = kafkajs.ConfigSource.TOPIC_CONFIG as number;

/** The partitions of the pipeline. */
export async function ownPartitions({ pipeline }: Scene): Promise<readonly PartitionState[]> {
  return partitionsOf(pipeline.servers.stack.kafka.brokers, (topic) => topic.startsWith(`${pipeline.name}.`));
}

/** The broker that leads most partitions of the pipeline. */
export async function busiestBroker(scene: Scene): Promise<number> {
  const partitions = await ownPartitions(scene);
  const led = scene.cluster.ids.map((id) => ({
    id,
    count: partitions.filter(({ leader }) => leader === id).length,
  }));
  const [first] = led.toSorted((a, b) => b.count - a.count);
  if (first === undefined || first.count === 0) throw new Error('nobody leads a partition');
  return first.id;
}

/** The broker that coordinates capture's transactions. */
export function coordinator({ pipeline }: Scene): Promise<number> {
  return coordinatorOf(pipeline.servers.stack.kafka.brokers, `sluice.${pipeline.name}`);
}

/** Waits until each of Kafka's partitions, its own included, has complete copies in just these brokers. */
export async function areInSync(scene: Scene, ids: readonly number[]): Promise<void> {
  const { brokers } = scene.stack.kafka;
  const wanted = inOrder(ids);
  await scene.sign(
    `complete copies in brokers ${wanted}`,
    async () => {
      const partitions = await partitionsOf(brokers, () => true);
      return partitions.length > 0 && partitions.every(({ inSync }) => inOrder(inSync) === wanted);
    },
    WHOLE_MS,
  );
}

function inOrder(ids: readonly number[]): string {
  return ids.toSorted((a, b) => a - b).join();
}

/** Waits until nobody leads any partition of the pipeline. */
export async function areLeaderless(scene: Scene): Promise<void> {
  const look = async (): Promise<boolean> =>
    (await ownPartitions(scene)).every(({ leader }) => leader === null);
  await scene.sign('partitions without a leader', look, WHOLE_MS);
}

/** Throws when a topic that capture has made has other numbers of copies than the settings say. */
export async function checkCopies(scene: Scene): Promise<void> {
  const admin = scene.pipeline.kafka.admin();
  await admin.connect();
  try {
    const partitions = await ownPartitions(scene);
    const names = [...new Set(partitions.map(({ topic }) => topic))];
    const { topics } = await admin.fetchTopicMetadata({ topics: names });
    const few = topics.filter(({ partitions: own }) => own.some(({ replicas }) => replicas.length !== 3));
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: names.map((name) => ({ type: TOPIC, name, configNames: ['min.insync.replicas'] })),
    });
    const weak = resources.filter(({ configEntries: [entry] }) => {
      return entry?.configValue !== '2' || entry.configSource !== OF_TOPIC;
    });
    const wrong = [...few.map(({ name }) => name), ...weak.map(({ resourceName }) => resourceName)];
    if (wrong.length > 0) throw new Error(`other copies than the settings say: ${wrong.join(', ')}`);
  } finally {
    await admin.disconnect();
  }
}
