import type { PipelineError } from '@sluice/runtime';
import type { CaptureSettings } from './capture-settings.ts';
import type { Incarnation } from './incarnation.ts';
import { tableId } from './state/table.ts';

/** The body of `/status`: positions, snapshot progress and the last error; never a row value or a secret. */
export function captureStatus(
  settings: CaptureSettings,
  incarnation: Incarnation | null,
  lastError: PipelineError | null,
): unknown {
  return {
    pipeline: settings.config.pipeline,
    source: settings.serverName,
    state: incarnation === null ? 'connecting' : incarnation.snapshotBook.isBusy ? 'snapshot' : 'streaming',
    stream: incarnation === null ? null : streamStatus(incarnation),
    snapshot: incarnation === null ? {} : snapshotStatus(incarnation),
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
