import { deadLetterTopic, decisionsTopic, tableId, type TableName, TopicRouting } from '@sluice/envelope';
import type { SluiceConfig, PreflightProblem } from '@sluice/runtime';
import { internalTopicSpecs } from '../catalog/topics.ts';

/** Names of topics that Kafka would refuse, before any is made. */
export function findTopicProblems(
  config: SluiceConfig,
  tables: readonly TableName[],
): readonly PreflightProblem[] {
  const routing = new TopicRouting(config.topics);
  const problems: PreflightProblem[] = [];
  const owners = new Map<string, string>();
  for (const name of ownTopics(config)) owners.set(name, "Sluice's own");
  for (const { database, table } of tables) {
    const id = tableId(database, table);
    try {
      for (const topic of routing.topicsOf(database, table)) owners.set(topic, `of ${id}`);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      problems.push(tooLong(id, error.message));
    }
  }
  return [...problems, ...collisions(owners)];
}

function ownTopics(config: SluiceConfig): readonly string[] {
  const { prefix } = config.topics;
  const internal = internalTopicSpecs(config, prefix).map(({ name }) => name);
  const sinks = Object.keys(config.sinks);
  return [
    ...internal,
    ...sinks.flatMap((sink) => [deadLetterTopic(prefix, sink), decisionsTopic(prefix, sink)]),
  ];
}

function tooLong(id: string, message: string): PreflightProblem {
  return {
    setting: `topic of ${id}`,
    found: message,
    required: 'a valid Kafka topic name',
    fix: 'choose a shorter topics.prefix, or exclude the table by source.excludeTables',
  };
}

/** Kafka's metrics write `.` and `_` alike, so a broker makes no topic beside another that differs from it in these alone. */
function collisions(owners: ReadonlyMap<string, string>): readonly PreflightProblem[] {
  const alike = Map.groupBy(owners.keys(), (topic) => topic.replaceAll('.', '_'));
  return [...alike.values()].flatMap(([first, second]) => {
    if (first === undefined || second === undefined) return [];
    return [
      {
        setting: 'topics.strategy, topics.template',
        found: `${first} (${owners.get(first)}) and ${second} (${owners.get(second)}), which Kafka treats as the same name`,
        required: 'topic names that differ in more than dots and underscores',
        fix: 'set a topics.template that keeps them apart, or exclude one by source.excludeTables',
      },
    ];
  });
}
