import type { PipelineError } from '@sluice/runtime';
import type { CaptureSettings } from './capture-settings.ts';
import type { Incarnation } from './incarnation.ts';
import type { DdlJournal } from './state/ddl-journal.ts';
import { tableId } from './state/table.ts';

/** Alerts that the page shows; the API shows them all. */
const ALERTS_SHOWN = 20;

/** The body of `/status`: positions, snapshot progress and the last error; never a row value or a secret. */
export function captureStatus(
  settings: CaptureSettings,
  incarnation: Incarnation | null,
  journal: DdlJournal | null,
  lastError: PipelineError | null,
): unknown {
  return {
    pipeline: settings.config.pipeline,
    source: settings.serverName,
    state: incarnation === null ? 'connecting' : incarnation.snapshotBook.isBusy ? 'snapshot' : 'streaming',
    stream: incarnation === null ? null : streamStatus(incarnation),
    snapshot: incarnation === null ? {} : snapshotStatus(incarnation),
    ddl: ddlStatus(journal),
    refused: incarnation?.refusedTables.map(({ id, code, why }) => ({ table: id, code, why })) ?? [],
    lastError: lastError === null ? null : { code: lastError.code, message: lastError.message },
  };
}

function streamStatus({ stream, queuedBytes }: Incarnation): unknown {
  const { committedAtMs } = stream.transaction;
  return {
    ...stream.position,
    gtidSet: stream.gtidSet,
    generation: stream.sequence.generation,
    highestSequence: stream.highest,
    atTip: stream.atTip,
    lastCommit: committedAtMs === 0 ? null : new Date(committedAtMs).toISOString(),
    transactions: stream.transactions,
    queuedBytes,
  };
}

/** The newest job of each table; of one that was read in an earlier life only that it was. */
function snapshotStatus({ snapshotBook }: Incarnation): unknown {
  const whole = [...snapshotBook.whole].map((table) => [table, { state: 'done' }] as const);
  const jobs = snapshotBook.shownJobs.map(
    ({ id, database, table, state, rows }) => [tableId(database, table), { state, rows, job: id }] as const,
  );
  return Object.fromEntries([...whole, ...jobs]);
}

function ddlStatus(journal: DdlJournal | null): unknown {
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
