import { isSequence } from '@sluice/envelope';
import { z } from 'zod';
import { CONDITION_MAX, isKeyLiteral } from '../model/snapshot-sql.ts';

/** How the reading of a table's rows stands, as the checkpoint keeps it: a restart continues at the last chunk. */
export const jobSchema = z.object({
  /** `initial/<table>` for the first snapshot of a captured table, `s<number>` for one that an operator asked for. */
  id: z.string(),
  database: z.string(),
  table: z.string(),
  origin: z.enum(['initial', 'request']),
  state: z.enum(['pending', 'running', 'paused', 'done', 'failed', 'cancelled']),
  /** What a row must fulfil to be read, as it was ordered; null for all rows. What is no condition of our own language is SQL. */
  condition: z.string().max(CONDITION_MAX).nullable(),
  /** Whether sinks shall drop rows of the table that this snapshot does not bring. */
  reconcile: z.boolean(),
  /** Sequence of the begin mark: rows that sinks hold from before it are older than this snapshot; null before the mark. */
  since: z.string().refine(isSequence).nullable(),
  /** Key of the last row of the last chunk, as SQL literals in key order; null before the first chunk. */
  lastKey: z.array(z.string().refine(isKeyLiteral)).nullable(),
  /** Key columns and their types when `lastKey` was read; '' before. */
  order: z.string(),
  /** Rows published; those that the stream had newer ones of are not among them. */
  rows: z.number().int().nonnegative(),
  /** Rows read. */
  rowsRead: z.number().int().nonnegative(),
  /** Rows there are to read, as the server estimates; null before it was asked. */
  rowsExpected: z.number().int().nonnegative().nullable(),
  /** Rows to read in a second, at most; absent: as fast as it goes. */
  maxRowsPerSecond: z.number().int().positive().exactOptional(),
  /** Milliseconds that reading and publishing have taken so far, waits of a throttled job included. */
  activeMs: z.number().nonnegative(),
  /** Milliseconds since 1970. */
  requestedAt: z.number(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  /** Why it failed. */
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});

export type SnapshotJob = z.infer<typeof jobSchema>;
export type JobState = SnapshotJob['state'];
/** What moves a job from one state to another. */
export type JobEvent = 'start' | 'giveBack' | 'pause' | 'resume' | 'cancel' | 'finish' | 'fail';

const MOVES: Readonly<Record<JobEvent, { readonly from: readonly JobState[]; readonly to: JobState }>> = {
  start: { from: ['pending'], to: 'running' },
  giveBack: { from: ['running'], to: 'pending' },
  pause: { from: ['pending', 'running'], to: 'paused' },
  resume: { from: ['paused', 'failed'], to: 'pending' },
  cancel: { from: ['pending', 'running', 'paused', 'failed'], to: 'cancelled' },
  finish: { from: ['running'], to: 'done' },
  fail: { from: ['pending', 'running'], to: 'failed' },
};

/** What is known of a job when it is made; the rest is as nothing has been read. */
export type JobOrder = Pick<
  SnapshotJob,
  'id' | 'database' | 'table' | 'origin' | 'condition' | 'reconcile' | 'requestedAt'
>;

export function newJob(order: JobOrder): SnapshotJob {
  return {
    ...order,
    state: 'pending',
    since: null,
    lastKey: null,
    order: '',
    rows: 0,
    rowsRead: 0,
    rowsExpected: null,
    activeMs: 0,
    startedAt: null,
    endedAt: null,
    error: null,
  };
}

/**
 * The job after an event; null when the event has no place in its state.
 * @param at milliseconds since 1970
 */
export function moveJob(job: SnapshotJob, event: JobEvent, at: number): SnapshotJob | null {
  const { from, to } = MOVES[event];
  if (!from.includes(job.state)) return null;
  return {
    ...job,
    state: to,
    startedAt: job.startedAt ?? (to === 'running' ? at : null),
    endedAt: hasEnded(to) ? at : null,
    error: to === 'failed' ? job.error : null,
  };
}

/** Whether nothing more happens to a job by itself; one that failed can be resumed. */
export function hasEnded(state: JobState): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

/** A job whose process has ended waits for its turn again; where it continues stands in it. */
export function afterRestart(job: SnapshotJob): SnapshotJob {
  return job.state === 'running' ? { ...job, state: 'pending' } : job;
}
