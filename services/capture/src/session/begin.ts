import type { Connection } from 'mysql2/promise';
import { parseTableId, tableId, type TableName } from '@sluice/envelope';
import { TopicReader, TransactionalPublisher } from '@sluice/kafka';
import type { TableDescription } from '@sluice/mysql';
import { PipelineError, type Logger, type PreflightProblem, preflightFailed } from '@sluice/runtime';
import { readerOptions, type CaptureSettings } from '../settings/capture-settings.ts';
import { Incarnation } from './incarnation.ts';
import type { CaptureMetrics } from './metrics.ts';
import {
  emptyPatterns,
  unreadablePatterns,
  withoutRefused,
  type RefusedTable,
} from '../preflight/refused-tables.ts';
import type { RefusalNews } from './refusal-news.ts';
import { findProblems } from '../preflight/preflight.ts';
import type { KnownTopics } from '../catalog/known-topics.ts';
import { findLostTables, sayLost, type LostTables } from './lost-topics.ts';
import { prepareTopics, type TopicRequest } from '../catalog/prepare-topics.ts';
import { readFileBirthday } from '../source/file-birthday.ts';
import { findUnloggedDatabases } from '../preflight/binlog-gaps.ts';
import { readCapturedTables } from '../catalog/captured-tables.ts';
import { checkGtidStanding, readBinlogFiles, readBinlogStatus, type BinlogStatus } from '../source/server.ts';
import { findMissingPrivileges } from '../preflight/privileges.ts';
import { findUnreadable, readSelectGrants, selectMissing } from '../catalog/select-grants.ts';
import { reachServers, refuseStart } from '../preflight/reach-servers.ts';
import type { Source } from '../source/source.ts';
import { findBinlogGaps, type BinlogGaps } from './source-watch.ts';
import type { DdlJournal } from '../ddl/ddl-journal.ts';
import { capturedShapes, knownTables, readHistory } from '../catalog/known-tables.ts';
import { SchemaHistory } from '../catalog/schema-history.ts';
import { isSameSpace, planStart, type StartPlan } from '../state/plan-start.ts';
import { findKeyChanges } from '../preflight/key-checks.ts';
import { findShapeProblems } from '../preflight/shape-checks.ts';
import { highestGeneration, restore, type Restored } from '../state/restore.ts';
import { findRoutingChanges } from '../preflight/routing-changes.ts';
import { hasFirstSnapshot, tablesRead, withoutFirst } from '../state/snapshot-book.ts';
import { TableRegistry } from '../catalog/table-registry.ts';

export interface BeginOptions {
  readonly settings: CaptureSettings;
  /** Whether to begin anew whatever the checkpoint says. */
  readonly acceptLostCheckpoint: boolean;
  /** Whether this process has streamed before: a table that turned up since and cannot be captured is left alone then. */
  readonly hasStreamed: boolean;
  readonly topics: KnownTopics;
  readonly refusals: RefusalNews;
  readonly metrics: CaptureMetrics;
  readonly log: Logger;
}

/**
 * The one path of start and recovery: check the source, make the topics, fence every older capture of this pipeline, and
 * only then read where to go on. Nothing is written to a topic before the checks have passed.
 */
export async function begin(options: BeginOptions, signal: AbortSignal): Promise<Incarnation> {
  const { settings, acceptLostCheckpoint, hasStreamed, topics, refusals, metrics, log } = options;
  const { source, kafkaTrouble } = await reachServers(settings, signal);
  const connection = await source.connect();
  const publisher = createPublisher(settings, log);
  try {
    const { account } = source.facts;
    const lacking = await findMissingPrivileges(connection, settings.config.source.user, account);
    // Before the list of tables: one that is created in between then has all its rows in the stream.
    const status = lacking.length === 0 ? await readBinlogStatus(connection, source.facts) : null;
    const found = await readCapturedTables(connection, settings.filter);
    const history =
      kafkaTrouble === null ? await readHistory(settings, signal) : new SchemaHistory(settings.prefix);
    const known = knownTables(settings, history);
    const earlier = capturedShapes(settings, known);
    const { tables, refused, hidden } = await sortOut(options, connection, account, found, earlier);
    const { gaps, unlogged } =
      status === null ? NO_GAPS : await askForGaps(options, connection, source, tables);
    const problems = await findProblems(connection, settings.config, tables, account, [...earlier, ...found]);
    const shapes = checkShapes(options, source, tables, known);
    refuseStart(settings, kafkaTrouble, [...lacking, ...hidden, ...problems, ...unlogged, ...shapes]);
    if (status === null) throw preflightFailed(lacking);
    checkConditions(settings, tables, known);
    const registry = new TableRegistry(settings.routing, settings.shaper);
    // Also tables that are gone by now: what the stream still has to tell of them goes to their topics.
    const published = [...tables, ...earlier];
    const looks = { topics, looksInside: !hasStreamed, signal };
    const lost = await findLostTables(settings, known, published, looks);
    await prepareTopics(settings, registry, topicsToMake(published, lost), log);
    await publisher.fence(signal);
    const { plan, journal } = await restorePlan(
      options,
      { source, connection, registry, history, status, acceptLostCheckpoint },
      signal,
    );
    await admitLater(settings, registry, log);
    sayRemoved(settings, plan, log);
    sayLost(lost, log);
    refusals.begin(refused);
    sayStart(plan, tables.length, log);
    return await Incarnation.open(
      {
        settings,
        source,
        publisher,
        plan: { ...plan, snapshots: withoutLost(withoutReshaped(plan, tables, registry, log), lost) },
        lost,
        topics,
        journal,
        history,
        registry,
        tables,
        refused,
        refusals,
        gaps,
        metrics,
        log,
      },
      signal,
    );
  } catch (error) {
    await publisher.close();
    throw error;
  } finally {
    connection.destroy();
  }
}

interface FoundGaps {
  readonly gaps: BinlogGaps;
  /** What of them keeps capture from starting. */
  readonly unlogged: readonly PreflightProblem[];
}

const NO_GAPS: FoundGaps = {
  gaps: { replica: null, cascades: { areLogged: true, keys: [], unseen: [] } },
  unlogged: [],
};

/** A source that becomes a replica without a log later is told only: to stop then would bring nothing back. */
async function askForGaps(
  { settings, hasStreamed }: BeginOptions,
  connection: Connection,
  { facts }: Source,
  tables: readonly TableDescription[],
): Promise<FoundGaps> {
  const databases = await findUnloggedDatabases(connection, facts, tables);
  const gaps = await findBinlogGaps(connection, facts, settings.filter);
  const replica = gaps.replica === null || hasStreamed ? [] : [gaps.replica];
  return { gaps, unlogged: [...replica, ...databases] };
}

interface Sorted {
  readonly tables: readonly TableDescription[];
  /** What cannot be captured as it is, and patterns that fit no table. */
  readonly refused: readonly RefusedTable[];
  /** What keeps capture from starting: tables that the account may not read. */
  readonly hidden: readonly PreflightProblem[];
}

async function sortOut(
  { settings: { config }, hasStreamed }: BeginOptions,
  connection: Connection,
  account: string,
  found: readonly TableDescription[],
  earlier: readonly TableName[],
): Promise<Sorted> {
  const grants = await readSelectGrants(connection);
  const unreadable = await findUnreadable(connection, grants, found);
  const empty = emptyPatterns(config, [...found, ...earlier], account);
  const hidden = hasStreamed ? [] : unreadablePatterns(config, grants, empty, account);
  if (config.source.strictTables && !hasStreamed) {
    const problems = unreadable.map((table) => selectMissing(table, account));
    return { tables: found, refused: [], hidden: [...hidden, ...problems] };
  }
  const { tables, refused } = withoutRefused(
    config,
    found,
    unreadable,
    account,
    hasStreamed || earlier.length > 0,
  );
  return { tables, refused: [...refused, ...empty], hidden };
}

/** Those that have lost theirs get them when a checkpoint tells that their rows are owed: a crash in between must not hide it. */
function topicsToMake(published: readonly TableName[], { missing }: LostTables): TopicRequest {
  const ids = new Set(missing.map(({ database, table }) => tableId(database, table)));
  const tables = published.filter(({ database, table }) => !ids.has(tableId(database, table)));
  return { tables, others: missing.length, internal: true };
}

function withoutLost(
  snapshots: StartPlan['snapshots'],
  { missing, emptied }: LostTables,
): StartPlan['snapshots'] {
  const ids = [...missing, ...emptied].map(({ database, table }) => tableId(database, table));
  return withoutFirst(snapshots, ids);
}

/** @param registry tells which columns changes that are still to be read may have */
function checkShapes(
  { settings, log }: BeginOptions,
  source: Source,
  tables: readonly TableDescription[],
  registry: TableRegistry,
): readonly PreflightProblem[] {
  const { config, filter, shaper } = settings;
  const server = source.facts;
  const known = capturedShapes(settings, registry);
  const { problems, warnings } = findShapeProblems({ config, filter, shaper, tables, server, known });
  for (const warning of warnings) log.warn({ event: 'capture.setting_unused' }, warning);
  return [
    ...problems,
    ...findKeyChanges({ config, tables, server, registry }),
    ...findRoutingChanges(tables, registry),
  ];
}

/** Sinks hold rows by the old condition: a new one rebuilds them, and an operator has to want that. */
function checkConditions(
  { acceptConditions }: CaptureSettings,
  tables: readonly TableDescription[],
  registry: TableRegistry,
): void {
  if (acceptConditions) return;
  const changed = tables.filter(({ database, table }) => registry.hasOtherCondition(database, table));
  if (changed.length === 0) return;
  const names = changed.map(({ database, table }) => tableId(database, table)).join(', ');
  throw new PipelineError(
    'CONFIG_CHANGED',
    `The row condition of ${names} is another than the one that their topics were filled by.`,
    { context: { tables: changed.length } },
  );
}

function sayStart({ generation, from: { file, position } }: StartPlan, tables: number, log: Logger): void {
  log.info({ event: 'capture.starting', generation, file, position, tables }, 'reading the binlog');
}

/** Said once: the next checkpoint knows nothing of them any more. */
function sayRemoved({ filter }: CaptureSettings, { snapshots }: StartPlan, log: Logger): void {
  const removed = tablesRead(snapshots).filter((id) => !isCapturedId(id, filter));
  if (removed.length === 0) return;
  log.info(
    { event: 'capture.tables_removed', tables: removed },
    'these tables are no longer captured: nothing more is published of them, and their rows stay where they are',
  );
}

function isCapturedId(id: string, filter: CaptureSettings['filter']): boolean {
  const { database, table } = parseTableId(id);
  return filter.captures(database, table);
}

/** Snapshot progress without tables that were published by other settings: their rows are owed once more. */
function withoutReshaped(
  { snapshots }: StartPlan,
  tables: readonly TableDescription[],
  registry: TableRegistry,
  log: Logger,
): StartPlan['snapshots'] {
  const reshaped = tables
    .filter(
      ({ database, table }) =>
        registry.isShapedOtherwise(database, table) || registry.hasOtherCondition(database, table),
    )
    .map(({ database, table }) => tableId(database, table))
    .filter((id) => hasFirstSnapshot(snapshots, id));
  if (reshaped.length > 0)
    log.info(
      { event: 'capture.tables_reshaped', tables: reshaped },
      'the settings of these tables have changed: their rows are read and published again',
    );
  return withoutFirst(snapshots, reshaped);
}

/**
 * The last Kafka transaction of an earlier life may have been committed after the history was read to check settings, and before
 * the fence: tables of it that are gone by now are still to be told of.
 */
async function admitLater(settings: CaptureSettings, registry: TableRegistry, log: Logger): Promise<void> {
  const tables = capturedShapes(settings, registry).filter(
    ({ database, table }) => !registry.isAdmitted(database, table),
  );
  if (tables.length === 0) return;
  await prepareTopics(settings, registry, { tables, others: registry.topics.size, internal: false }, log);
}

function createPublisher(settings: CaptureSettings, log: Logger): TransactionalPublisher {
  return new TransactionalPublisher({
    kafka: settings.config.kafka,
    transactionalId: `sluice.${settings.config.pipeline}`,
    compression: settings.config.topics.compression,
    log,
  });
}

interface Prepared {
  readonly source: Source;
  readonly connection: Connection;
  readonly registry: TableRegistry;
  readonly history: SchemaHistory;
  readonly status: BinlogStatus;
  readonly acceptLostCheckpoint: boolean;
}

/** Reads the checkpoint and the schema history, and decides where to go on. */
async function restorePlan(
  options: BeginOptions,
  prepared: Prepared,
  signal: AbortSignal,
): Promise<{ readonly plan: StartPlan; readonly journal: DdlJournal }> {
  const { settings } = options;
  const reader = new TopicReader({ kafka: settings.config.kafka, signal });
  try {
    const { pipeline } = settings.config;
    const { acceptLostCheckpoint, history } = prepared;
    const restored = await restore(reader, {
      prefix: settings.prefix,
      pipeline,
      acceptLostCheckpoint,
      history,
    });
    for (const record of history.newest) prepared.registry.restore(record);
    return { plan: await makePlan(options, prepared, restored, reader), journal: restored.journal };
  } finally {
    reader.close();
  }
}

async function makePlan(
  { settings, log }: BeginOptions,
  { source, connection, status, acceptLostCheckpoint, history }: Prepared,
  { checkpoint }: Restored,
  reader: TopicReader,
): Promise<StartPlan> {
  const gtidSet = checkpoint?.gtidSet ?? null;
  const asksServer = gtidSet !== null && source.facts.flavour === 'mysql';
  const server = source.facts;
  const goesOn = checkpoint !== null && !acceptLostCheckpoint && isSameSpace({ server, status }, checkpoint);
  const fileBytes =
    checkpoint === null ? null : ((await readBinlogFiles(connection)).get(checkpoint.file) ?? null);
  // Where positions say how to go on, the reading itself begins in the file and meets its beginning.
  const mustLook = goesOn && gtidSet !== null && fileBytes !== null;
  return planStart({
    checkpoint,
    topicGeneration: goesOn ? 0 : await highestGeneration(reader, settings.routing, history.newest),
    server,
    status,
    gtidStanding: asksServer ? await checkGtidStanding(connection, gtidSet) : null,
    fileBytes,
    fileBirthday: mustLook
      ? await readFileBirthday(readerOptions(settings, source, log), checkpoint.file)
      : null,
    acceptLostCheckpoint,
  });
}
