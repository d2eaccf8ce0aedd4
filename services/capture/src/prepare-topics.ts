import { ensureTopics, type TopicProblem } from '@sluice/kafka';
import type { Logger } from '@sluice/runtime';
import type { CaptureSettings } from './capture-settings.ts';
import { refuseIfAny, type PreflightProblem } from './preflight.ts';
import type { TableRegistry } from './state/table-registry.ts';
import { dataTopicSpec, internalTopicSpecs } from './topics.ts';

export interface TopicRequest {
  /** Names of data topics. */
  readonly data: readonly string[];
  /** Number of captured tables: decides the partitions of new topics. */
  readonly tables: number;
  /** Also those of the pipeline itself. */
  readonly internal: boolean;
}

/**
 * Creates what is missing, and tells the registry how many partitions each data topic has. A topic that exists with
 * other settings is refused (PREFLIGHT_FAILED), never altered. One that was made when there were more or fewer tables
 * keeps its partitions: another number would move keys between them.
 */
export async function prepareTopics(
  settings: CaptureSettings,
  registry: TableRegistry,
  { data, tables, internal }: TopicRequest,
  log: Logger,
): Promise<void> {
  const { config, prefix } = settings;
  const specs = data.map((name) => dataTopicSpec(config, name, tables));
  const all = internal ? [...internalTopicSpecs(config, prefix), ...specs] : specs;
  const partitions = new Map(specs.map((spec) => [spec.name, spec.partitions]));
  const problems = await ensureTopics(settings.kafka, all);
  const { kept, refused } = judgeTopics(problems, partitions, config.topics.partitions);
  refuseIfAny(refused.map(topicProblem));
  for (const { topic, found } of kept) partitions.set(topic, Number(found));
  for (const [topic, count] of partitions) registry.setPartitions(topic, count);
  if (kept.length > 0) sayKept(log, kept);
}

/**
 * Tells data topics with the partitions of a smaller or larger number of tables from what is wrong.
 * @param data the data topics, with the partitions that they would get now
 * @param configured `topics.partitions`
 */
export function judgeTopics(
  problems: readonly TopicProblem[],
  data: ReadonlyMap<string, number>,
  configured: number,
): { readonly kept: readonly TopicProblem[]; readonly refused: readonly TopicProblem[] } {
  const isKept = ({ topic, setting, found }: TopicProblem): boolean =>
    setting === 'partitions' && data.has(topic) && [1, configured].includes(Number(found));
  return {
    kept: problems.filter(isKept),
    refused: problems.filter((problem) => !isKept(problem)),
  };
}

export function topicProblem({ topic, setting, found, required, fix }: TopicProblem): PreflightProblem {
  return { setting: `topic ${topic}: ${setting}`, found, required, fix };
}

function sayKept(log: Logger, kept: readonly TopicProblem[]): void {
  const [first] = kept;
  log.info(
    { event: 'topics.partitions_kept', topics: kept.length, first: first?.topic },
    `${kept.length} topic(s) keep the number of partitions that they were made with`,
  );
}
