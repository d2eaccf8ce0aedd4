import { tableId } from '@sluice/envelope';
import type { Captures, CaptureStatus } from '@sluice/ops-api';
import { aboutProcess, type LoadedConfig, type RecentRates, type Trouble } from '@sluice/runtime';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import type { CaptureSession } from '../session/capture-session.ts';
import { sessionOf, type CaptureState } from '../session/capture-state.ts';
import type { DdlJournal } from '../ddl/ddl-journal.ts';

/** Alerts that the page shows; the API shows them all. */
const ALERTS_SHOWN = 20;

export interface StatusParts {
  readonly settings: CaptureSettings;
  readonly config: LoadedConfig;
  readonly state: CaptureState<CaptureSession>;
  readonly captures: Captures;
  /** Null while it is not known. */
  readonly behindSeconds: number | null;
  /** By this process. */
  readonly rowsPublished: number;
  readonly rates: RecentRates;
  /** Of capture; null while it is not known. */
  readonly openDeadLetters: number | null;
  readonly lastError: Trouble | null;
}

/** The body of `/status`: positions, snapshot progress and the last error; never a row value or a secret. */
export function captureStatus(parts: StatusParts): CaptureStatus {
  const { settings, config, state, captures, behindSeconds } = parts;
  const { rowsPublished, rates, openDeadLetters, lastError } = parts;
  const { journal } = state;
  const session = sessionOf(state);
  return {
    ...aboutProcess(),
    service: 'capture',
    config,
    pipeline: settings.config.pipeline,
    source: settings.serverName,
    state: state.name,
    captures,
    behindSeconds,
    stream: session === null ? null : streamStatus(session),
    records: { published: rowsPublished, openDeadLetters },
    cdc: { ingestTPS: rates.perSecond, errorRate: rates.errorRate },
    snapshot: session === null ? {} : snapshotStatus(session),
    ddl: ddlStatus(journal),
    gaps: session === null ? null : gapsStatus(session),
    stopped: [...(journal?.stopped ?? [])],
    refused: session?.refusedTables.map(({ id, code, why }) => ({ table: id, code, why })) ?? [],
    lastError,
  };
}

/** What the source keeps out of its binlog. */
function gapsStatus({
  gaps: { replica },
  unfollowed,
  snapshotJobStore,
}: CaptureSession): CaptureStatus['gaps'] {
  return {
    replica: replica === null ? null : `${replica.setting}: ${replica.found}`,
    cascades: unfollowed,
    followed: Object.keys(snapshotJobStore.followed ?? {}).sort(),
  };
}

function streamStatus({ source, stream, queuedBytes }: CaptureSession): CaptureStatus['stream'] {
  const { committedAtMs } = stream.transaction;
  return {
    server: source.address,
    ...stream.place.position,
    gtidSet: stream.gtidSet,
    generation: stream.place.sequence.generation,
    highestSequence: stream.place.highest,
    atTip: stream.atTip,
    lastCommit: committedAtMs === 0 ? null : new Date(committedAtMs).toISOString(),
    transactions: stream.transactions,
    queuedBytes,
  };
}

/** The newest job of each table; of one that was read in an earlier session only that it was. */
function snapshotStatus({ snapshotJobStore }: CaptureSession): CaptureStatus['snapshot'] {
  const whole = [...snapshotJobStore.whole].map((table) => [table, { state: 'done' }] as const);
  const jobs = snapshotJobStore.shownJobs.map(
    ({ id, database, table, state, rows }) => [tableId(database, table), { state, rows, job: id }] as const,
  );
  return Object.fromEntries<CaptureStatus['snapshot'][string]>([...whole, ...jobs]);
}

function ddlStatus(journal: DdlJournal | null): CaptureStatus['ddl'] {
  if (journal === null) return null;
  const { alerts } = journal;
  const shown = alerts.slice(-ALERTS_SHOWN);
  return {
    unacknowledged: alerts.length,
    alerts: shown.map(({ id, class: kind, policy, tables, advice }) => ({
      id,
      class: kind,
      policy,
      tables,
      advice,
    })),
  };
}
