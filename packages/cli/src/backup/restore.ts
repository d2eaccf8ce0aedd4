import type { RestoredStart } from '@sluice/capture/restored';
import {
  ensureTopics,
  groupActive,
  inCopies,
  kafkaClient,
  MIN_IN_SYNC,
  moveGroup,
  PlainProducer,
  RecordSeals,
  type TopicProblem,
  type TopicSpec,
} from '@sluice/kafka';
import { createLogger, PipelineError, type SluiceConfig } from '@sluice/runtime';
import { CommandFailed } from '../operator/command-failed.ts';
import { importCapture } from '../operator/optional-packages.ts';
import { decisionsMoved } from './decisions-moved.ts';
import { olderGeneration } from './older-generation.ts';
import type { Backup, RestorableTopic } from './open-backup.ts';
import { captureTopics, decisionsOf } from './own-topics.ts';
import { readTarget, type RestoreTarget } from './read-target.ts';
import { notTaken, planGroup, planTopic, type PlannedGroup, type PlannedTopic } from './restore-plan.ts';

export interface RestorePlan {
  /** In the order in which they are written: the checkpoint last, so that capture begins with all of it or not at all. */
  readonly topics: readonly PlannedTopic[];
  readonly groups: readonly PlannedGroup[];
  readonly target: RestoreTarget;
  /** What keeps it from being done. */
  readonly refusal: Error | null;
  /** What capture will do with the checkpoint; null where none is put back, or a capture runs. */
  readonly start: RestoredStart | null;
}

/** Changes nothing. Throws PipelineError. */
export async function planRestore(
  config: SluiceConfig,
  backup: Backup,
  signal: AbortSignal,
): Promise<RestorePlan> {
  const target = await readTarget(config, backup, signal);
  const topics = topicsOf(config, backup, target);
  const idBefore = idsBefore(backup);
  const groups = backup.groups.map((group) =>
    planGroup(group, target.positions.get(group.group) ?? [], target.ids, (topic) => idBefore.get(topic)),
  );
  const { captureAlive } = await importCapture(() => import('@sluice/capture/alive'));
  const alive = await captureAlive(config, signal);
  const refusal = refusalOf(target, alive);
  const value = topics.at(-1)?.missing.find(({ key }) => String(key) === config.pipeline)?.value ?? null;
  if (value === null || alive !== null) return { topics, groups, target, refusal, start: null };
  const { examineRestored } = await importCapture(() => import('@sluice/capture/restored'));
  const start = await examineRestored(config, value, signal);
  return { topics, groups, target, refusal: refusal ?? olderGeneration(start), start };
}

/** Of all topics that there were when the backup was taken, by name. */
function idsBefore({ manifest }: Backup): ReadonlyMap<string, string> {
  return new Map(manifest.topics.map(({ name, id }) => [name, id]));
}

/** The checkpoint's comes last. */
function topicsOf(config: SluiceConfig, backup: Backup, target: RestoreTarget): readonly PlannedTopic[] {
  const { prefix } = config.topics;
  const { checkpoints, audit } = captureTopics(prefix);
  const seals = RecordSeals.of(config.kafka);
  const idBefore = idsBefore(backup);
  const isSame = (topic: string): boolean => {
    const id = target.ids.get(topic);
    return id !== undefined && id === idBefore.get(topic);
  };
  const decisions = decisionsOf(prefix, '').name;
  const fitting = ({ topic, records }: RestorableTopic): RestorableTopic =>
    topic.name.startsWith(decisions)
      ? { topic, records: decisionsMoved(records, topic.name, isSame, seals) }
      : { topic, records };
  const isLast = ({ topic }: PlannedTopic): number => (topic.name === checkpoints.name ? 1 : 0);
  return backup.topics
    .map(fitting)
    .map((each) => planTopic(each, target.records.get(each.topic.name), each.topic.name === audit.name))
    .sort((a, b) => isLast(a) - isLast(b));
}

function refusalOf({ members: [member] }: RestoreTarget, alive: string | null): Error | null {
  if (member !== undefined) return groupActive(member.group);
  return alive === null ? null : captureActive(alive);
}

function captureActive(instance: string): PipelineError {
  return new PipelineError('CAPTURE_ACTIVE', `capture ${instance} of this pipeline is running`, {
    context: { instance },
  });
}

/** Differences of topics that were there before. Throws PipelineError, and CommandFailed when not all of it can be read back. */
export async function applyRestore(
  config: SluiceConfig,
  backup: Backup,
  { topics, groups }: RestorePlan,
  signal: AbortSignal,
): Promise<readonly TopicProblem[]> {
  const kafka = kafkaClient(config.kafka, createLogger('sluice', { level: 'silent' }));
  const written = topics.filter(({ action }) => action === 'create' || action === 'fill');
  const specs = written.map(({ topic: { name, partitions, configs } }) => ({
    name,
    partitions,
    ...restoredCopies(config.topics, configs),
  }));
  const problems = await ensureTopics(kafka, specs);
  const producer = new PlainProducer(kafka);
  try {
    await producer.connect();
    for (const { group, moves } of groups) if (moves.length > 0) await moveGroup(config.kafka, group, moves);
    const checkpoints = captureTopics(config.topics.prefix).checkpoints.name;
    for (const { topic, missing } of written) {
      signal.throwIfAborted();
      if (topic.name === checkpoints) await refuseCapture(config, signal);
      await producer.copy(topic.name, missing);
    }
  } finally {
    await producer.close();
  }
  const after = topicsOf(config, backup, await readTarget(config, backup, signal));
  const other = notTaken(written, after);
  if (other !== null) throw new CommandFailed(other);
  return problems;
}

/** As the settings say. What the topic had of its own may be more than the copies that it gets: it would take no record. */
function restoredCopies(
  topics: SluiceConfig['topics'],
  { [MIN_IN_SYNC]: had, ...configs }: TopicSpec['configs'],
): Pick<TopicSpec, 'replicationFactor' | 'configs'> {
  const minInsyncReplicas = topics.minInsyncReplicas ?? (had === undefined ? undefined : Number(had));
  const isPossible = minInsyncReplicas !== undefined && minInsyncReplicas <= topics.replicationFactor;
  return inCopies({ ...topics, minInsyncReplicas: isPossible ? minInsyncReplicas : undefined }, configs);
}

/** One may have begun since the plan was made: a checkpoint behind its own would take it back. Throws CAPTURE_ACTIVE. */
async function refuseCapture(config: SluiceConfig, signal: AbortSignal): Promise<void> {
  const { captureAlive } = await importCapture(() => import('@sluice/capture/alive'));
  const alive = await captureAlive(config, signal);
  if (alive !== null) throw captureActive(alive);
}
