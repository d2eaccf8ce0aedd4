import { tableId, type TableName } from '@sluice/envelope';
import { compareTopics, type TopicSpec } from '@sluice/kafka';
import type { TableDescription } from '@sluice/mysql';
import type { CapturePlan, PlannedTopic } from '@sluice/ops-api';
import { createLogger, type SluiceConfig, type PreflightProblem } from '@sluice/runtime';
import { captureSettings, type CaptureSettings } from '../settings/capture-settings.ts';
import { findProblems } from './preflight.ts';
import { planTable } from './plan-table.ts';
import { judgeTopics, topicProblems } from '../catalog/prepare-topics.ts';
import { emptyPatterns, unreadablePatterns, withoutRefused } from './refused-tables.ts';
import { findKeyChanges } from './key-checks.ts';
import { findShapeProblems } from './shape-checks.ts';
import { readCapturedTables } from '../catalog/captured-tables.ts';
import { findMissingPrivileges } from './privileges.ts';
import { findUnreadable, readSelectGrants } from '../catalog/select-grants.ts';
import { reachServers } from './reach-servers.ts';
import type { Source } from '../source/source.ts';
import { capturedShapes, knownTables, readHistory } from '../catalog/known-tables.ts';
import { findRoutingChanges } from './routing-changes.ts';
import type { TableRegistry } from '../catalog/table-registry.ts';
import { dataTopicSpec, internalTopicSpecs } from '../catalog/topics.ts';

/** Asks the source and Kafka, and changes nothing. Throws a PipelineError when one of them cannot be asked. */
export async function planCapture(config: SluiceConfig, signal: AbortSignal): Promise<CapturePlan> {
  const settings = captureSettings(config, [], createLogger('plan', { level: 'silent' }));
  const { source, kafkaTrouble } = await reachServers(settings, signal);
  if (kafkaTrouble !== null) throw kafkaTrouble;
  const registry = knownTables(settings, await readHistory(settings, signal));
  const connection = await source.connect();
  try {
    const { account } = source.facts;
    const tables = await readCapturedTables(connection, settings.filter);
    const grants = await readSelectGrants(connection);
    const unreadable = await findUnreadable(connection, grants, tables);
    const captured = capturedShapes(settings, registry);
    const problems = [
      ...(await findMissingPrivileges(connection, config.source.user, account)),
      ...unreadablePatterns(
        config,
        grants,
        emptyPatterns(config, [...tables, ...captured], account),
        account,
      ),
      ...(await findProblems(connection, config, tables, account, captured)),
    ];
    return await planAll(settings, { source, registry, tables, unreadable, problems });
  } finally {
    connection.destroy();
  }
}

interface Found {
  readonly source: Source;
  readonly registry: TableRegistry;
  readonly tables: readonly TableDescription[];
  /** Those of them that the account may not read in full. */
  readonly unreadable: readonly TableDescription[];
  readonly problems: readonly PreflightProblem[];
}

async function planAll(
  settings: CaptureSettings,
  { source, registry, tables, unreadable, problems }: Found,
): Promise<CapturePlan> {
  const { config, filter, shaper } = settings;
  const { facts } = source;
  const captured = capturedShapes(settings, registry);
  const shapes = findShapeProblems({ config, filter, shaper, tables, server: facts, known: captured });
  const names = new Set(tables.flatMap(({ database, table }) => registry.placeOf(database, table).topics));
  const topics = await planTopics(settings, [...names]);
  const partitions = new Map(topics.planned.map((topic) => [topic.name, topic.partitions]));
  const present = new Set(tables.map(({ database, table }) => tableId(database, table)));
  const gone = [...registry.shapes()].filter(({ database, table }) => !present.has(tableId(database, table)));
  return {
    source: { flavour: facts.flavour, version: facts.version },
    topics: topics.planned,
    tables: tables.map((table) => planTable({ table, config, registry, server: facts, partitions })),
    problems: [
      ...problems,
      ...shapes.problems,
      ...findKeyChanges({ config, tables, server: facts, registry }),
      ...findRoutingChanges(tables, registry),
      ...topics.problems,
    ],
    warnings: [
      ...shapes.warnings,
      ...leftAlone(config, facts.account, tables, unreadable, captured),
      ...gone.map(
        ({ database, table }) =>
          `${tableId(database, table)} was captured and is not any more: nothing more is published of it, and its rows stay in the sinks`,
      ),
    ],
  };
}

/** With `source.strictTables` these are problems. */
function leftAlone(
  config: SluiceConfig,
  account: string,
  tables: readonly TableDescription[],
  unreadable: readonly TableName[],
  earlier: readonly TableName[],
): readonly string[] {
  if (config.source.strictTables) return [];
  const { refused } = withoutRefused(config, tables, unreadable, account, earlier.length > 0);
  return [...refused, ...emptyPatterns(config, [...tables, ...earlier], account)].map(
    ({ id, why }) => `${id} will be left alone: ${why}`,
  );
}

async function planTopics(
  settings: CaptureSettings,
  names: readonly string[],
): Promise<{ readonly planned: readonly PlannedTopic[]; readonly problems: readonly PreflightProblem[] }> {
  const { config, prefix } = settings;
  const data = names.map((name) => dataTopicSpec(config, name, names.length));
  const specs: readonly TopicSpec[] = [...data, ...internalTopicSpecs(config, prefix)];
  const { missing, problems, refused: unmakable } = await compareTopics(settings.kafka, specs);
  const wanted = new Map(data.map((spec) => [spec.name, spec.partitions]));
  const { kept, refused } = judgeTopics(problems, wanted, config.topics.partitions);
  const found = new Map(kept.map((problem) => [problem.topic, Number(problem.found)]));
  const planned = specs.map(({ name, partitions }) => ({
    name,
    partitions: found.get(name) ?? partitions,
    exists: !missing.includes(name),
  }));
  return { planned, problems: [...unmakable, ...topicProblems(refused)] };
}
