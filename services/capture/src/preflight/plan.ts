import { tableId } from '@sluice/envelope';
import { compareTopics, fragileTopics, type TopicSpec } from '@sluice/kafka';
import type { CapturePlan, PlannedTopic, TablePlan } from '@sluice/ops-api';
import { createLogger, type SluiceConfig, type PreflightProblem } from '@sluice/runtime';
import { captureSettings, type CaptureSettings } from '../settings/capture-settings.ts';
import { check, type Checked } from './check.ts';
import { planTable } from './plan-table.ts';
import type { RefusedTable } from './refused-tables.ts';
import { judgeTopics, topicProblems } from '../catalog/prepare-topics.ts';
import { dataTopicSpec, internalTopicSpecs } from '../catalog/topics.ts';

/** What a start would find and do; changes nothing. Throws a PipelineError when the source or Kafka cannot be asked. */
export async function planCapture(config: SluiceConfig, signal: AbortSignal): Promise<CapturePlan> {
  const settings = captureSettings(config, [], createLogger('plan', { level: 'silent' }));
  const checked = await check({ settings, hasStreamed: false, acceptLostCheckpoint: false }, signal);
  if (checked.kafkaError !== null) throw checked.kafkaError;
  return planAll(settings, checked);
}

/** What a start would do with what it has found. */
export async function planAll(settings: CaptureSettings, checked: Checked): Promise<CapturePlan> {
  const { config } = settings;
  const { source, known, found, refused } = checked;
  const names = new Set(found.flatMap(({ database, table }) => known.placeOf(database, table).topics));
  const topics = await planTopics(settings, [...names]);
  const partitions = new Map(topics.planned.map((topic) => [topic.name, topic.partitions]));
  const facts = { config, registry: known, server: source.facts, hashKey: settings.hashKey, partitions };
  return {
    source: { flavour: source.facts.flavour, version: source.facts.version },
    topics: topics.planned,
    tables: found.map((table) => leftAlone(planTable({ table, ...facts }), refused)),
    problems: [...checked.problems, ...topics.problems],
    warnings: [
      ...checked.warnings,
      ...(checked.tooWide === null ? [] : [checked.tooWide]),
      ...refused.map(({ id, why }) => `${id} will not be captured: ${why}`),
      ...noLongerCaptured(checked),
      ...topics.warnings,
    ],
  };
}

/** What the description of a table does not tell: the account may not read it, or a new column would tell what is hidden. */
function leftAlone(plan: TablePlan, refused: readonly RefusedTable[]): TablePlan {
  const refusal = refused.find(({ id }) => id === tableId(plan.database, plan.table));
  return refusal === undefined ? plan : { ...plan, change: `refused: ${refusal.code}`, refused: true };
}

function noLongerCaptured({ known, found, refused }: Checked): readonly string[] {
  const present = new Set([
    ...found.map(({ database, table }) => tableId(database, table)),
    ...refused.map(({ id }) => id),
  ]);
  return [...known.schemas()]
    .map(({ database, table }) => tableId(database, table))
    .filter((id) => !present.has(id))
    .map(
      (id) => `${id} is no longer captured: its changes are not published, and its rows stay in the sinks`,
    );
}

interface TopicPlan {
  readonly planned: readonly PlannedTopic[];
  readonly problems: readonly PreflightProblem[];
  readonly warnings: readonly string[];
}

async function planTopics(settings: CaptureSettings, names: readonly string[]): Promise<TopicPlan> {
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
  const fragile = await fragileTopics(
    settings.kafka,
    specs.map(({ name }) => name),
  );
  return {
    planned,
    problems: [...unmakable, ...topicProblems(refused)],
    warnings: [...fragile, ...(missing.length === 0 ? [] : copiesLeftOpen(config.topics))],
  };
}

/** Of topics that are not there yet nothing but the setting tells. */
function copiesLeftOpen({ replicationFactor, minInsyncReplicas }: SluiceConfig['topics']): readonly string[] {
  if (replicationFactor === 1 || minInsyncReplicas !== undefined) return [];
  return [
    `topics.minInsyncReplicas is not set: how many of the ${replicationFactor} copies must have a record before it counts is up to the brokers (1 by default, which loses records with one broker). Set it to 2`,
  ];
}
