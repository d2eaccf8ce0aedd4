import { randomUUID } from 'node:crypto';
import { tableIdOf } from '@sluice/envelope';
import type { RecordPlace } from '@sluice/kafka';
import { PipelineError, type Logger } from '@sluice/runtime';
import { capturedSchemas } from '../catalog/known-tables.ts';
import { keptTopicsReader } from '../catalog/kept-topics.ts';
import { prepareTopics } from '../catalog/prepare-topics.ts';
import type { TableRegistry } from '../catalog/table-registry.ts';
import { askForPlace } from '../preflight/ask-for-place.ts';
import type { Fit } from '../preflight/check.ts';
import { newcomerOf, tablesKnown } from '../preflight/new-tables.ts';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import { highestGeneration, readKeptState, type KeptState } from '../state/kept-state.ts';
import { sourcesOf } from '../state/source-history.ts';
import { isSameSpace, planStart, type StartFacts, type StartPlan } from '../state/plan-start.ts';
import { CaptureSession } from './capture-session.ts';
import type { Fenced } from './fence.ts';
import { absentTables } from './absent-tables.ts';
import { reportLost } from './lost-topics.ts';
import { reportRemoved, snapshotsKept } from './snapshots-kept.ts';
import type { StartOptions } from './start-options.ts';

/**
 * Reads what Kafka keeps of earlier sessions, decides where to go on and opens the binlog there. Only after the fence:
 * nobody else writes any more. The session closes the publisher; when there comes to be none, it is closed here.
 */
export async function restore(
  options: StartOptions,
  checked: Fit,
  fenced: Fenced,
  signal: AbortSignal,
): Promise<CaptureSession> {
  try {
    return await openSession(options, checked, fenced, signal);
  } catch (error) {
    await fenced.publisher.close();
    throw error;
  }
}

async function openSession(
  options: StartOptions,
  checked: Fit,
  fenced: Fenced,
  signal: AbortSignal,
): Promise<CaptureSession> {
  const { settings, refusals, log } = options;
  const { config } = settings;
  const { registry, lost } = fenced;
  const { plan, kept: state } = await restorePlan(options, checked, registry, signal);
  await admitLater(settings, registry, log);
  reportRemoved(settings, plan, log);
  reportLost(lost, log);
  const newcomers = checked.tables.flatMap((table) => newcomerOf(config, knownOf(plan), table) ?? []);
  const isNew = new Set(newcomers.map(({ id }) => id));
  const tables = checked.tables.filter((table) => !isNew.has(tableIdOf(table)));
  const refused = [...checked.refused, ...newcomers];
  refusals.begin(refused);
  reportStart(checked.source, plan, tables.length, log);
  reportSource(checked.source, plan, log);
  const { known: before, ...kept } = snapshotsKept(plan, { tables, registry, lost, log });
  const known = tablesKnown(config, before, tables);
  const snapshots = known === null ? kept : { ...kept, known: [...known] };
  const { topics, metrics, tracing } = options;
  const { source, history, gaps } = checked;
  const news = { refusals, metrics, tracing, log };
  const absent = absentTables(settings, { plan, checkpoint: state.checkpoint, checked, registry });
  const found = { source, history, tables, refused, absent, gaps, topics, ...fenced };
  const sources = sourcesOf({ source, plan, ...state, order: options.order, now: Date.now() });
  const decided = { plan: { ...plan, snapshots }, sources, journal: state.journal };
  return CaptureSession.open({ settings, ...decided, ...found, ...news }, signal);
}

function knownOf({ snapshots: { known } }: StartPlan): ReadonlySet<string> | null {
  return known === undefined ? null : new Set(known);
}

/** Reads the checkpoint and what is new in the schema history, and decides where to go on. */
async function restorePlan(
  { settings, acceptLostCheckpoint, metrics, log }: StartOptions,
  checked: Fit,
  registry: TableRegistry,
  signal: AbortSignal,
): Promise<{ readonly plan: StartPlan; readonly kept: KeptState }> {
  const { prefix, config } = settings;
  const { history } = checked;
  const passedOver: RecordPlace[] = [];
  const reader = keptTopicsReader(settings, signal, { onUnsealed: (place) => passedOver.push(place) });
  try {
    const wanted = {
      prefix,
      pipeline: config.pipeline,
      acceptLostCheckpoint,
      history,
      seals: settings.seals,
      unsealed: passedOver,
    };
    const kept = await readKeptState(reader, wanted);
    const { checkpoint, generationId, unsealed } = kept;
    reportUnsealed(unsealed, log);
    for (const _ of unsealed) metrics.refused('RECORD_UNSEALED');
    for (const record of history.newest) registry.restore(record);
    const server = checked.source.facts;
    const goesOn =
      checkpoint !== null &&
      !acceptLostCheckpoint &&
      isSameSpace({ server, status: checked.status }, checkpoint);
    const ahead: RecordPlace[] = [];
    const topicGeneration = goesOn
      ? 0
      : await highestGeneration(reader, {
          routing: settings.routing,
          history: history.newest,
          known: Math.max(checkpoint?.generation ?? 0, settings.generationAbove),
          onPassedOver: (place) => ahead.push(place),
        });
    reportAhead(ahead, log);
    for (const _ of ahead) metrics.refused('RECORD_AHEAD');
    const place = await askForPlace(settings, checked.source, { checkpoint, goesOn, log });
    const { status } = checked;
    refuseOvertaken(settings, place.gtidCoverage);
    const generations = { topicGeneration, generationId, newGenerationId: randomUUID() };
    const plan = planStart({ checkpoint, ...generations, server, status, acceptLostCheckpoint, ...place });
    return { plan, kept };
  } finally {
    reader.close();
  }
}

/** Once: there may be many records. */
function reportUnsealed(places: readonly RecordPlace[], log: Logger): void {
  const newest = places.at(-1);
  if (newest === undefined) return;
  const { topic, partition } = newest;
  const place = { topic, partition, offset: String(newest.offset), records: places.length };
  log.error(
    { event: 'record.unsealed', code: 'RECORD_UNSEALED', ...place },
    'topics of Sluice have records without a seal of kafka.sealKeyFile, which are passed over: find out who wrote them',
  );
}

/** Once: there may be many records. */
function reportAhead(places: readonly RecordPlace[], log: Logger): void {
  const [first] = places;
  if (first === undefined) return;
  const { topic, partition } = first;
  const place = { topic, partition, offset: String(first.offset), records: places.length };
  log.error(
    { event: 'record.ahead', code: 'RECORD_AHEAD', ...place },
    'topics of rows have records that are damaged, or of a generation that capture has not come to; they are passed over: find out who wrote them',
  );
}

/**
 * The last Kafka transaction of an earlier session may have been committed after the history was read to check settings, and
 * before the fence: tables of it that are gone by now are still to be told of.
 */
async function admitLater(settings: CaptureSettings, registry: TableRegistry, log: Logger): Promise<void> {
  const tables = capturedSchemas(settings, registry).filter(
    ({ database, table }) => !registry.isAdmitted(database, table),
  );
  if (tables.length === 0) return;
  await prepareTopics(settings, registry, { tables, others: registry.topics.size, internal: false }, log);
}

function reportStart({ address }: Fit['source'], plan: StartPlan, tables: number, log: Logger): void {
  const { generation, from } = plan;
  const { file, position } = from;
  log.info(
    { event: 'capture.starting', server: address, generation, file, position, tables },
    'reading the binlog',
  );
}

/** The leader of before has published more since the servers were compared: of several, the next start chooses again. */
function refuseOvertaken({ config }: CaptureSettings, coverage: StartFacts['gtidCoverage']): void {
  if (coverage?.known !== false || config.source.hosts.length === 1) return;
  throw new PipelineError(
    'SOURCE_UNUSABLE',
    'The chosen server of source.hosts lacks transactions that were published while it was being chosen.',
  );
}

function reportSource({ address, facts, passedOver }: Fit['source'], plan: StartPlan, log: Logger): void {
  for (const { address: other, why } of passedOver)
    log.warn({ event: 'source.passed_over', server: other }, `${other} is not read: ${why}`);
  if (!plan.isElsewhere) return;
  const { generation, gtidSet } = plan;
  log.warn(
    { event: 'source.switched', server: address, identity: facts.identity, generation, gtidSet },
    `going on by GTID at another server, ${address}, in generation ${generation}`,
  );
}
