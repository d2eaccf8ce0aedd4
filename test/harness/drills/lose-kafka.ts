import { eventually } from '../eventually.ts';
import type { SinkPipeline } from '../pipelines/sink-pipeline.ts';

/** Topics of the pipeline with their records, and its groups: to a pipeline a new cluster looks the same. */
export async function loseKafka(pipeline: SinkPipeline): Promise<void> {
  const { admin, name } = pipeline;
  await admin.deleteTopics({ topics: await topicsOf(pipeline) });
  await eventually('the topics to be gone', async () => (await topicsOf(pipeline)).length === 0);
  const { groups } = await admin.listGroups();
  const own = groups.map(({ groupId }) => groupId).filter((id) => id.startsWith(`${name}.`));
  if (own.length > 0) await admin.deleteGroups(own);
}

export async function topicsOf({ admin, name }: SinkPipeline): Promise<string[]> {
  return (await admin.listTopics()).filter((topic) => topic.startsWith(`${name}.`));
}
