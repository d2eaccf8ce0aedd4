import kafkajs from 'kafkajs';
import type { FaultPipeline } from './fault-pipeline.ts';

const TOPIC = kafkajs.ConfigResourceTypes.TOPIC;

/** Sets `max.message.bytes` of these topics. The broker takes all settings at once, so those that they have are given with it. */
export async function setTopicBytes(
  { kafka }: FaultPipeline,
  topics: readonly string[],
  bytes: number,
): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: TOPIC, name })),
  });
  const changed = resources.map(({ resourceName: name, configEntries }) => {
    const own = configEntries.filter((entry) => entry.configSource === kafkajs.ConfigSource.TOPIC_CONFIG);
    const kept = new Map(own.map((entry) => [entry.configName, entry.configValue]));
    kept.set('max.message.bytes', String(bytes));
    return {
      type: TOPIC,
      name,
      configEntries: [...kept].map(([setting, value]) => ({ name: setting, value })),
    };
  });
  await admin.alterConfigs({ validateOnly: false, resources: changed });
  await admin.disconnect();
}

/** Every topic of the pipeline. */
export async function topicsOf({ kafka, name }: FaultPipeline): Promise<string[]> {
  const admin = kafka.admin();
  await admin.connect();
  const names = await admin.listTopics();
  await admin.disconnect();
  return names.filter((topic) => topic.startsWith(`${name}.`));
}
