import { setTimeout as delay } from 'node:timers/promises';
import { listSnapshots, moveSnapshot, startSnapshots, type Snapshot } from '@sluice/ops-api';
import { call, CallFailed, type Call } from '@sluice/ops-api/client';
import { CommandFailed } from '../operator/command-failed.ts';
import { durationText } from '../operator/snapshot-commands.ts';

const EVERY_MS = 1000;
const SAID_EVERY_MS = 30_000;
const REFUSED_MS = 120_000;
const ENDED: ReadonlySet<Snapshot['state']> = new Set(['done', 'failed', 'cancelled']);

export interface SnapshotRun {
  readonly capture: Call;
  readonly by: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** One job for each table, which reads all of its rows and removes what is gone. Resolves to their ids. */
export async function orderSnapshots(
  { capture, by }: SnapshotRun,
  tables: readonly string[],
): Promise<readonly string[]> {
  const order = { tables: [...tables], condition: null, reconcile: true, by };
  const { jobs } = await call(capture, startSnapshots, order);
  return jobs.map(({ id }) => id);
}

/** Jobs that read all rows of these tables and have not ended: of an earlier run of the command, or somebody's order. */
export async function unfinishedSnapshots(
  { capture }: SnapshotRun,
  tables: readonly string[],
): Promise<readonly Snapshot[]> {
  const { jobs } = await call(capture, listSnapshots, {});
  return jobs.filter(
    ({ table, state, reconcile }) => reconcile && tables.includes(table) && !ENDED.has(state),
  );
}

/**
 * Waits until the jobs have read all rows; a capture that does not answer is waited for. Resolves to whether they are known: capture keeps ended
 * jobs for a while only. Throws CommandFailed for one that has failed, or was cancelled.
 * @param check throws when waiting has no use any more
 */
export async function snapshotsDone(
  { capture, say, signal }: SnapshotRun,
  ids: readonly string[],
  check: () => void,
): Promise<boolean> {
  for (let saidAt = Number.NEGATIVE_INFINITY, silentAt: number | null = null; ;) {
    check();
    const jobs = await jobsOf(capture, silentAt === null || performance.now() - silentAt < REFUSED_MS);
    if (jobs === null) {
      if (silentAt === null) say('capture does not tell of its snapshots: waiting for it');
      silentAt ??= performance.now();
    } else {
      silentAt = null;
      const ours = jobs.filter(({ id }) => ids.includes(id));
      for (const job of ours) refuseEnded(job);
      if (ours.length < ids.length) return false;
      const left = ours.filter(({ state }) => state !== 'done');
      if (left.length === 0) return true;
      if (performance.now() - saidAt > SAID_EVERY_MS) {
        for (const job of left) say(progressOf(job));
        saidAt = performance.now();
      }
    }
    await delay(EVERY_MS, undefined, { signal });
  }
}

export async function cancelSnapshots({ capture, by }: SnapshotRun, ids: readonly string[]): Promise<void> {
  const { jobs } = await call(capture, listSnapshots, {});
  for (const { id, state } of jobs)
    if (ids.includes(id) && !ENDED.has(state))
      await call({ ...capture, params: { id } }, moveSnapshot('cancel'), { by });
}

/** Null when capture does not answer; and when it refuses, as without its source it does for a while, where `isPatient`. */
async function jobsOf(capture: Call, isPatient: boolean): Promise<readonly Snapshot[] | null> {
  try {
    return (await call({ ...capture, timeoutMs: 10_000 }, listSnapshots, {})).jobs;
  } catch (error) {
    if (error instanceof CallFailed && (error.problem === 'silent' || isPatient)) return null;
    throw error;
  }
}

function refuseEnded({ id, table, state, error }: Snapshot): void {
  if (state !== 'failed' && state !== 'cancelled') return;
  const why = error === null ? '' : ` (${error.code}: ${error.message})`;
  const fix =
    state === 'failed'
      ? `end its cause, and run sluice snapshot resume --id ${id}, then this command again`
      : 'run this command with --cancel --yes, and begin again';
  throw new CommandFailed(`snapshot ${id} of ${table} is ${state}${why}: ${fix}`);
}

function progressOf({ id, table, state, rowsRead, rowsExpected, etaSeconds }: Snapshot): string {
  const of = rowsExpected === null ? '' : ` of about ${rowsExpected}`;
  const left = etaSeconds === null ? '' : `, ${durationText(etaSeconds)} left`;
  return `snapshot ${id} of ${table} is ${state}: ${rowsRead}${of} rows${left}`;
}
