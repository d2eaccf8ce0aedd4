import { checkpointsTopic } from '@sluice/envelope';
import { readAccountFacts, type AccountFacts } from '@sluice/mysql';
import { abortableDelay, createLogger, type SluiceConfig } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';
import { readCapturedTables } from '../catalog/captured-tables.ts';
import { keptTopicsReader } from '../catalog/kept-topics.ts';
import { captureSettings, type CaptureSettings } from '../settings/capture-settings.ts';
import { askRetention } from '../source/ask-retention.ts';
import { readGrants } from '../source/grants.ts';
import { PurgeForecast, type RetentionAnswer } from '../source/purge-forecast.ts';
import { queryRows } from '../source/query.ts';
import type { ServerFacts } from '../source/server.ts';
import { openSource } from '../source/source.ts';
import { openCheckpoint, type Checkpoint } from '../state/checkpoint.ts';
import { readPrivileges } from './privileges.ts';

/** How long one question outlives an outage of Kafka (ms). */
const KAFKA_MS = 10_000;
/** Between two looks at the size of the binlog (ms). */
const RATE_MS = 5000;

/** What is left of the binlog behind a pipeline, whether its capture runs or not. */
export interface PurgeHeadroom {
  /** The file that the newest checkpoint stands in. */
  readonly file: string;
  /** Until the source purges it: 0 when it is gone, Infinity when the source purges nothing by itself, NaN while it is not known. */
  readonly seconds: number;
}

/** A captured table, as the source estimates it; NaN for what it does not tell. */
export interface TableSize {
  readonly database: string;
  readonly table: string;
  readonly rows: number;
  /** Of data and indexes. */
  readonly bytes: number;
  /** Beside them: free, and the table's own until it is rebuilt. */
  readonly freeBytes: number;
}

/** The account of capture, and what its server tells of it. */
export interface SourceAccount extends AccountFacts {
  /** What it may do and capture never does, a sentence; null when there is nothing of it. */
  readonly tooWide: string | null;
  /** Whether roles are granted to it, whose rights are not looked at. */
  readonly hasRoles: boolean;
}

/**
 * How long the binlog that a pipeline needs is kept yet; null where it has no checkpoint. Changes nothing. Throws a PipelineError when
 * Kafka or the source does not answer, or the checkpoint cannot be read.
 * @param streamed where a running capture stands, and the commit time of what it has read last (ms since 1970); null: nobody tells
 */
export async function purgeHeadroom(
  config: SluiceConfig,
  streamed: { readonly file: string; readonly committedAtMs: number } | null,
  signal: AbortSignal,
): Promise<PurgeHeadroom | null> {
  const settings = settingsOf(config);
  const checkpoint = await newestCheckpoint(settings, signal);
  if (checkpoint === null) return null;
  const { file, position, fileCreatedAt } = checkpoint;
  // A file is written after it was made: a time that is too early tells of less than there is.
  const committedAtMs = streamed?.file === file ? streamed.committedAtMs : fileCreatedAt * 1000;
  const forecast = new PurgeForecast();
  return withSource(config, async (connection, { identity }) => {
    // Positions of another server say nothing of this one.
    if (identity !== checkpoint.server) return { file, seconds: Number.NaN };
    const look = async (): Promise<RetentionAnswer> => {
      const answer = await askRetention(connection);
      forecast.note(answer, { file, position, committedAtMs });
      return answer;
    };
    // How fast a limit of size is reached shows from two looks.
    if ((await look()).limitBytes !== null) {
      await abortableDelay(RATE_MS, signal);
      await look();
    }
    return { file, seconds: forecast.headroomSeconds(Date.now()) };
  });
}

async function newestCheckpoint(settings: CaptureSettings, signal: AbortSignal): Promise<Checkpoint | null> {
  const reader = keptTopicsReader(settings, signal, { recoveryMs: KAFKA_MS });
  try {
    const record = await reader.newestRecord(checkpointsTopic(settings.prefix), settings.config.pipeline);
    const value = record?.value ?? null;
    return value === null ? null : openCheckpoint(value);
  } finally {
    reader.close();
  }
}

/** The captured tables with their estimated sizes, the largest first. Throws a PipelineError when the source does not answer. */
export async function tableSizes(config: SluiceConfig): Promise<readonly TableSize[]> {
  const { filter } = settingsOf(config);
  return withSource(config, async (connection) => {
    const tables = await readCapturedTables(connection, filter);
    const databases = [...new Set(tables.map(({ database }) => database))];
    if (databases.length === 0) return [];
    const rows = await queryRows(
      connection,
      `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, TABLE_ROWS AS estimate,
         DATA_LENGTH + INDEX_LENGTH AS bytes, DATA_FREE AS free
       FROM information_schema.TABLES WHERE TABLE_SCHEMA IN (${databases.map(() => '?').join(', ')})`,
      databases,
    );
    const captured = new Set(tables.map(({ database, table }) => JSON.stringify([database, table])));
    return rows
      .map((row) => ({
        database: String(row['db']),
        table: String(row['name']),
        rows: Number(row['estimate'] ?? Number.NaN),
        bytes: Number(row['bytes'] ?? Number.NaN),
        freeBytes: Number(row['free'] ?? Number.NaN),
      }))
      .filter(({ database, table }) => captured.has(JSON.stringify([database, table])))
      .sort((a, b) => (b.bytes || 0) - (a.bytes || 0));
  });
}

/** What whoever has the login of capture may do, and how old it is. Throws a PipelineError when the source does not answer. */
export async function sourceAccount(config: SluiceConfig): Promise<SourceAccount> {
  return withSource(config, async (connection, { flavour, account }) => {
    const { tooWide } = await readPrivileges(connection, config.source.user, account);
    const grants = await readGrants(connection);
    const hasRoles = grants.some((line) => /^GRANT (?:[`'"]|\w+ TO )/u.test(line));
    return { tooWide, hasRoles, ...(await readAccountFacts(connection, flavour)) };
  });
}

const settingsOf = (config: SluiceConfig): CaptureSettings =>
  captureSettings(config, [], createLogger('maintenance', { level: 'silent' }));

async function withSource<T>(
  config: SluiceConfig,
  work: (connection: Connection, facts: ServerFacts) => Promise<T>,
): Promise<T> {
  const source = await openSource(config);
  const connection = await source.connect();
  try {
    return await work(connection, source.facts);
  } finally {
    connection.destroy();
  }
}
