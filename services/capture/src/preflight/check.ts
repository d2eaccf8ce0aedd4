import type { Connection } from 'mysql2/promise';
import { tableId } from '@sluice/envelope';
import type { TableDescription } from '@sluice/mysql';
import { PipelineError, preflightFailed, type PreflightProblem } from '@sluice/runtime';
import { readCapturedTables } from '../catalog/captured-tables.ts';
import { capturedSchemas, knownTables, readHistory } from '../catalog/known-tables.ts';
import { SchemaHistory } from '../catalog/schema-history.ts';
import type { TableRegistry } from '../catalog/table-registry.ts';
import type { TableSchema } from '../model/table.ts';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import type { SourceOrder } from '../source/choose-host.ts';
import { onConnection } from '../source/open-connection.ts';
import { readBinlogStatus, type BinlogStatus } from '../source/server.ts';
import type { Source } from '../source/source.ts';
import { findGapProblems, type BinlogGaps } from './binlog-gaps.ts';
import { findDomainWarnings } from './domain-checks.ts';
import { refuseUnknownKeys } from './hash-key-changes.ts';
import { sharedKeyTexts } from './key-charsets.ts';
import { findKeyChanges } from './key-checks.ts';
import { findProblems } from './preflight.ts';
import { readPrivileges, type SourcePrivileges } from './privileges.ts';
import { reachServers, refuseStart, type ReachedServers } from './reach-servers.ts';
import type { RefusedTable } from './refused-tables.ts';
import { findRoutingChanges } from './routing-changes.ts';
import { findSchemaProblems, type SchemaFindings } from './schema-checks.ts';
import { findTraceWarnings } from './trace-checks.ts';
import { sortTables, type SortedTables } from './sort-tables.ts';

/** For each statement (ms): some list all tables of a source that may have very many. */
const ANSWER_MS = 300_000;

export interface CheckOptions {
  readonly settings: CaptureSettings;
  /** Whether this process has streamed before: what has turned up since and cannot be captured keeps nothing from starting then. */
  readonly hasStreamed: boolean;
  /** Whether to begin again whatever the checkpoint says. */
  readonly acceptLostCheckpoint: boolean;
  /** Which of several servers an operator wants to be read. */
  readonly order?: SourceOrder | null;
}

/** What a start finds at the source and in Kafka. */
export interface Checked extends ReachedServers {
  /** The end of the source's binlog, from before the tables were listed; null without the privileges to ask. */
  readonly status: BinlogStatus | null;
  /** The schema history as it is before the fence; empty when Kafka does not answer. */
  readonly history: SchemaHistory;
  /** The tables of that history. */
  readonly known: TableRegistry;
  /** Those of them that the settings capture, whether they are still there or not. */
  readonly earlier: readonly TableSchema[];
  /** All tables of the source that the settings name. */
  readonly found: readonly TableDescription[];
  /** Those that can be captured. */
  readonly tables: readonly TableDescription[];
  /** Those that are not captured, and patterns that fit no table. */
  readonly refused: readonly RefusedTable[];
  /** Changes that the source keeps out of its binlog. */
  readonly gaps: BinlogGaps;
  /** What keeps capture from starting. */
  readonly problems: readonly PreflightProblem[];
  /** Settings that fit no table yet, or that the source does not serve. */
  readonly warnings: readonly string[];
  /** What the account of the source may do without need; null when there is nothing of it. */
  readonly tooWide: string | null;
}

/** Nothing keeps capture from starting. */
export type Fit = Checked & { readonly status: BinlogStatus };

/**
 * Asks the source and Kafka all that a start has to know, and changes nothing. Throws a PipelineError when the source cannot
 * be asked, or leaves a statement unanswered; what else is wrong is in the answer.
 */
export async function check(options: CheckOptions, signal: AbortSignal): Promise<Checked> {
  const { settings } = options;
  const reached = await reachServers(settings, options, signal);
  const { source, kafkaError } = reached;
  return onConnection(source, { signal, answerMs: ANSWER_MS }, async (connection) => {
    const { account } = source.facts;
    const privileges = await readPrivileges(connection, settings.config.source.user, account);
    // Before the list of tables: one that is created in between then has all its rows in the stream.
    const status = privileges.missing.length === 0 ? await readBinlogStatus(connection, source.facts) : null;
    const found = await readCapturedTables(connection, settings.filter);
    const history =
      kafkaError === null
        ? await readHistory(settings, signal)
        : new SchemaHistory(settings.prefix, settings.seals);
    const known = knownTables(settings, history);
    const earlier = capturedSchemas(settings, known);
    const facts = { ...reached, status, history, known, earlier, found };
    return await judge(options, connection, facts, privileges);
  });
}

type Facts = Omit<Checked, keyof SortedTables | 'gaps' | 'problems' | 'tooWide' | 'warnings'>;

async function judge(
  { settings, hasStreamed }: CheckOptions,
  connection: Connection,
  facts: Facts,
  { missing, tooWide }: SourcePrivileges,
): Promise<Checked> {
  const { config, filter } = settings;
  const { source, status, known, earlier, found } = facts;
  const sorted = await sortTables({ config, hasStreamed, found, earlier, source }, connection);
  const { tables, refused, hidden } = sorted;
  const asked = { connection, server: source.facts, filter, tables, hasStreamed };
  const { gaps, unlogged } = status === null ? NO_GAPS : await findGapProblems(asked);
  const { account } = source.facts;
  const problems = await findProblems(connection, config, tables, account, [...earlier, ...found]);
  const schemas = judgeTables(settings, source, tables, known);
  return {
    ...facts,
    tables,
    refused,
    gaps,
    problems: [...missing, ...hidden, ...problems, ...unlogged, ...schemas.problems],
    warnings: [
      ...schemas.warnings,
      ...(await findTraceWarnings(connection, config)),
      ...(await findDomainWarnings(connection, source.facts, config)),
    ],
    tooWide,
  };
}

const NO_GAPS = {
  gaps: { replica: null, cascades: { areLogged: true, keys: [], unseen: [] } },
  unlogged: [],
} as const;

/** @param known tells which columns changes that are still to be read may have */
function judgeTables(
  settings: CaptureSettings,
  source: Source,
  tables: readonly TableDescription[],
  known: TableRegistry,
): SchemaFindings {
  const { config, filter, compiler } = settings;
  const server = source.facts;
  const schemas = capturedSchemas(settings, known);
  const found = findSchemaProblems({ config, filter, compiler, tables, server, known: schemas });
  const keys = findKeyChanges({ config, tables, server, registry: known });
  return {
    problems: [...found.problems, ...keys, ...findRoutingChanges(tables, known)],
    warnings: [...found.warnings, ...sharedKeyTexts(config, tables)],
  };
}

/**
 * Throws when capture cannot start: PREFLIGHT_FAILED with all that is wrong at once, the code of Kafka's trouble, or
 * CONFIG_CHANGED where an operator has to want what a new setting does.
 */
export function refuseUnfit(settings: CaptureSettings, checked: Checked): Fit {
  const { kafkaError, status, problems } = checked;
  refuseStart(settings, kafkaError, problems);
  if (status === null) throw preflightFailed(problems);
  refuseNewConditions(settings, checked);
  if (!settings.acceptHashKey) refuseUnknownKeys(checked.known, settings.hashKey, checked.tables);
  return { ...checked, status };
}

/** Sinks hold rows by the old condition: a new one rebuilds them. */
function refuseNewConditions({ acceptConditions }: CaptureSettings, { tables, known }: Checked): void {
  if (acceptConditions) return;
  const changed = tables.filter(({ database, table }) => known.hasOtherCondition(database, table));
  if (changed.length === 0) return;
  const names = changed.map(({ database, table }) => tableId(database, table)).join(', ');
  throw new PipelineError(
    'CONFIG_CHANGED',
    `The row condition of ${names} has changed since their topics were filled.`,
    { context: { tables: changed.length } },
  );
}
