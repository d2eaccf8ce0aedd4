import type { TableName } from '@sluice/envelope';
import { ensureTopics, type TopicProblem } from '@sluice/kafka';
import type { Logger, PreflightProblem } from '@sluice/runtime';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import { refuseIfAny } from '../model/problem.ts';
import type { TableRegistry } from './table-registry.ts';
import { dataTopicSpec, internalTopicSpecs } from './topics.ts';

export interface TopicRequest {
  /** Tables that are to be published. */
  readonly tables: readonly TableName[];
  /** Data topics that there are besides those of these tables: their number decides the partitions of new ones. */
  readonly others: number;
  /** Also those of the pipeline itself. */
  readonly internal: boolean;
}

/**
 * Creates what is missing, and admits the tables with the partitions that their topics have. A topic that exists with
 * other settings is refused (PREFLIGHT_FAILED), never altered, but for smaller batches than `topics.maxMessageBytes`. One that was made when there were more or fewer tables
 * keeps its partitions: another number would move keys between them.
 */
export async function prepareTopics(
  settings: CaptureSettings,
  registry: TableRegistry,
  { tables, others, internal }: TopicRequest,
  log: Logger,
): Promise<void> {
  const { config, prefix } = settings;
  const topicsOf = ({ database, table }: TableName): readonly string[] =>
    registry.placeOf(database, table).topics;
  const data = [...new Set(tables.flatMap(topicsOf))];
  const specs = data.map((name) => dataTopicSpec(config, name, data.length + others));
  const all = internal ? [...internalTopicSpecs(config, prefix), ...specs] : specs;
  const partitions = new Map(specs.map((spec) => [spec.name, spec.partitions]));
  const raised: TopicProblem[] = [];
  const problems = await ensureTopics(settings.kafka, all, (problem) => raised.push(problem));
  if (raised.length > 0) reportRaised(log, raised);
  const { kept, refused } = judgeTopics(problems, partitions, config.topics.partitions);
  refuseIfAny(topicProblems(refused));
  for (const { topic, found } of kept) partitions.set(topic, Number(found));
  for (const table of tables) {
    // Topics of one table that were made at different times may differ; the smallest number is right for each.
    const counts = topicsOf(table).map((topic) => partitions.get(topic) ?? config.topics.partitions);
    registry.admit(table.database, table.table, Math.min(...counts));
  }
  if (kept.length > 0) reportKept(log, kept);
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

/** One line for all topics that differ in the same way: a pipeline may have hundreds. */
export function topicProblems(problems: readonly TopicProblem[]): readonly PreflightProblem[] {
  const alike = Map.groupBy(problems, ({ setting, found, required }) =>
    [setting, found, required].join('\0'),
  );
  return [...alike.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const { topic, setting, found, required, fix } = first;
    if (others.length === 0) return [{ setting: `topic ${topic}: ${setting}`, found, required, fix }];
    const topics = [topic, ...others.map((other) => other.topic)].join(', ');
    const each = fix.replace(topic, '<topic>');
    return [{ setting: `topics ${topics}: ${setting}`, found, required, fix: `For each: ${each}` }];
  });
}

function reportRaised(log: Logger, raised: readonly TopicProblem[]): void {
  const [first] = raised;
  log.info(
    { event: 'topics.raised', topics: raised.length, first: first?.topic, bytes: first?.required },
    `${raised.length} topic(s) take larger batches now, as topics.maxMessageBytes says`,
  );
}

function reportKept(log: Logger, kept: readonly TopicProblem[]): void {
  const [first] = kept;
  log.info(
    { event: 'topics.partitions_kept', topics: kept.length, first: first?.topic },
    `${kept.length} topic(s) keep the number of partitions that they were made with`,
  );
}
