import { z } from 'zod';
import { by, moment, noRequest } from './members.ts';
import { operation } from './operation.ts';

const PATTERNS_MAX = 1000;

export const JOB_STATES = ['pending', 'running', 'paused', 'done', 'failed', 'cancelled'] as const;
/** What an operator may do with a job. */
export const JOB_ORDERS = ['pause', 'resume', 'cancel'] as const;
export type JobOrder = (typeof JOB_ORDERS)[number];

const MOVES: Readonly<Record<JobOrder, string>> = {
  pause: 'Let a snapshot job stand at its last chunk.',
  resume: 'Go on with a job that is paused or has failed.',
  cancel: 'End a snapshot job for good.',
};

const count = z.int().min(0);

/** A snapshot of one table. */
const snapshotSchema = z.object({
  id: z.string(),
  /** `database.table` */
  table: z.string(),
  /** `initial`: the first one of a captured table. */
  origin: z.enum(['initial', 'request']),
  state: z.enum(JOB_STATES),
  /** What a row must fulfil to be read, as it was ordered, or the SQL; null for all rows. */
  condition: z.string().nullable(),
  /** Whether sinks drop rows that this snapshot does not bring. */
  reconcile: z.boolean(),
  /** Rows published; those that the stream had newer ones of are not among them. */
  rows: count,
  rowsRead: count,
  /** As the server estimates; null before it was asked. */
  rowsExpected: count.nullable(),
  /** 0 to 100; null where nothing is known of the number of rows. */
  percent: z.number().nullable(),
  rowsPerSecond: z.number().nullable(),
  /** Rows read in a second, at most; null: as fast as it goes. An older capture does not say it. */
  maxRowsPerSecond: count.nullable().optional(),
  etaSeconds: z.number().nullable(),
  requestedAt: moment,
  startedAt: moment.nullable(),
  endedAt: moment.nullable(),
  /** Why it failed. */
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});

export type Snapshot = Readonly<z.output<typeof snapshotSchema>>;

const snapshotsSchema = z.object({ jobs: z.array(snapshotSchema).readonly() });

/** Oldest first; ended ones are kept for a while. */
export const listSnapshots = operation({
  method: 'GET',
  role: 'viewer',
  path: '/api/v1/snapshots',
  aliases: ['/api/snapshots'],
  summary: 'Snapshot jobs: state, rows, speed, time left.',
  request: noRequest,
  answer: snapshotsSchema,
});

/** `database.table`, with `*` and `?` as wildcards. */
const tables = z.array(z.string().min(3).max(300)).min(1).max(PATTERNS_MAX);

/** One job for each captured table that fits. */
export const startSnapshots = operation({
  method: 'POST',
  role: 'operator',
  path: '/api/v1/snapshots',
  aliases: ['/api/snapshots'],
  summary: 'Read rows of captured tables again: one job for each matching table.',
  request: z.strictObject({
    tables,
    /** In the language of `where` of the section `tables`; null for all rows. */
    condition: z.string().nullable().default(null),
    reconcile: z.boolean().default(false),
    by,
  }),
  answer: snapshotsSchema,
  success: 202,
});

/**
 * As above, of the rows for which a piece of SQL is true; refused without `snapshot.allowSql`. It may ask for what settings hide, and
 * for what takes the source long.
 */
export const startSqlSnapshots = operation({
  method: 'POST',
  role: 'admin',
  path: '/api/v1/snapshots/sql',
  summary: 'The same of the rows for which a piece of SQL is true; refused without `snapshot.allowSql`.',
  request: z.strictObject({ tables, sql: z.string().min(1), by }),
  answer: snapshotsSchema,
  success: 202,
});

export type SqlSnapshotOrder = z.output<(typeof startSqlSnapshots)['request']>;

export type SnapshotOrder = z.output<(typeof startSnapshots)['request']>;

const MAX_ROWS_PER_SECOND = 10_000_000;

/** 404 when there is no such job, 400 when it has ended. A job that runs continues at the new rate. */
export const throttleSnapshot = operation({
  method: 'POST',
  role: 'operator',
  path: '/api/v1/snapshots/:id/throttle',
  summary: 'Let a snapshot job read at most so many rows in a second; null: as fast as it goes.',
  request: z.strictObject({ rowsPerSecond: z.int().min(1).max(MAX_ROWS_PER_SECOND).nullable(), by }),
  answer: z.object({ job: snapshotSchema }),
});

/** 404 when there is no such job, 400 when its state has no place for it. */
export const moveSnapshot = (order: JobOrder) =>
  operation({
    method: 'POST',
    role: 'operator',
    path: `/api/v1/snapshots/:id/${order}`,
    aliases: [`/api/snapshots/:id/${order}`],
    summary: MOVES[order],
    request: z.strictObject({ by }),
    answer: z.object({ job: snapshotSchema }),
  });
