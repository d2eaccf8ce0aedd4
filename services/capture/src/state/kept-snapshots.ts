import { tableId } from '@sluice/envelope';
import { z } from 'zod';
import { hasEnded, jobSchema, type SnapshotJob } from './snapshot-job.ts';

/** What the checkpoint keeps of all snapshots. */
export const snapshotsSchema = z.object({
  /** Open jobs, and the newest of the ended ones. */
  jobs: z.array(jobSchema),
  /** Tables, as `database.table`, all rows of which are in the topic: their first snapshot is done, or there was nothing to read. */
  whole: z.array(z.string()),
  /** Jobs that operators have asked for so far: the next one's number. */
  requested: z.number().int().nonnegative(),
  /** Up to where in the binlog a DDL makes doubtful which tables earlier statements have changed. */
  unsureUntil: z.object({ file: z.string(), position: z.number().int().nonnegative() }).exactOptional(),
  /** With `source.foreignKeys: follow`: by table, what its foreign keys were when rows they had changed before were read. */
  followed: z.record(z.string(), z.string()).exactOptional(),
  /** With `source.newTables: refuse`: the tables, as `database.table`, that may be captured under patterns with wildcards. */
  known: z.array(z.string()).exactOptional(),
});

export type Snapshots = z.infer<typeof snapshotsSchema>;

export const NO_SNAPSHOTS: Snapshots = { jobs: [], whole: [], requested: 0 };

/** Ended jobs that the checkpoint keeps; it is written with every Kafka transaction. */
const ENDED_KEPT = 50;

/** Id of a table's first snapshot. */
export function initialId(table: string): string {
  return `initial/${table}`;
}

/** Those of the jobs that have ended, without the newest: nobody asks for them any more. */
export function outdated(jobs: readonly SnapshotJob[]): readonly SnapshotJob[] {
  const ended = jobs.filter(({ state }) => hasEnded(state));
  return ended.slice(0, Math.max(0, ended.length - ENDED_KEPT));
}

/** The jobs that a checkpoint keeps. First snapshots that have not begun are owed again by the tables that are not whole. */
export function keptJobs(jobs: readonly SnapshotJob[]): SnapshotJob[] {
  const told = jobs.filter(
    ({ origin, state, since }) => origin === 'request' || state !== 'pending' || since !== null,
  );
  const dropped = new Set(outdated(told));
  return told.filter((job) => !dropped.has(job));
}

/** Whether the table's first snapshot is done or begun. */
export function hasFirstSnapshot({ jobs, whole }: Snapshots, table: string): boolean {
  return whole.includes(table) || jobs.some(({ id }) => id === initialId(table));
}

/** The tables whose first snapshot is done or begun. */
export function tablesRead({ jobs, whole }: Snapshots): readonly string[] {
  const begun = jobs.filter(({ origin }) => origin === 'initial');
  return [...new Set([...whole, ...begun.map(({ database, table }) => tableId(database, table))])];
}

/** As if these tables had never been read: they owe their first snapshot again. */
export function withoutFirst(snapshots: Snapshots, tables: readonly string[]): Snapshots {
  const ids = new Set(tables.map(initialId));
  return {
    ...snapshots,
    jobs: snapshots.jobs.filter(({ id }) => !ids.has(id)),
    whole: snapshots.whole.filter((table) => !tables.includes(table)),
  };
}
