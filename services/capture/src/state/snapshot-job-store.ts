import { z } from 'zod';
import { tableId, type TableName } from '@sluice/envelope';
import {
  afterRestart,
  hasEnded,
  jobSchema,
  moveJob,
  newJob,
  type JobEvent,
  type JobOrder,
  type SnapshotJob,
} from './snapshot-job.ts';
import { isAtOrPast, type StreamPosition } from '../model/position.ts';

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

/** The snapshot jobs of a pipeline and which tables owe their first. Changed only between two source transactions. */
export class SnapshotJobStore {
  readonly #jobs = new Map<string, SnapshotJob>();
  readonly #whole: Set<string>;
  /** Jobs that are done, but whose last rows may not be in Kafka yet. */
  readonly #unpublished = new Set<string>();
  /** Jobs that begin when their table has had a rest; not after a restart. */
  readonly #patient = new Set<string>();
  /** By `database.table` the newest job by which it is read again: the stream may ask for it with every transaction. */
  readonly #again = new Map<string, string>();
  #requested: number;
  /** The end of the source's binlog when it last answered what else changes with a table; null once the stream is there. */
  unsureUntil: StreamPosition | null;
  /** By `database.table`, what makes rows of it change without a trace, if that is followed. */
  followed: Readonly<Record<string, string>> | null;
  /** Tables, as `database.table`, that are not new; null where new ones are captured like the others. */
  readonly known: ReadonlySet<string> | null;
  /** Told of every change that lets a job begin or end; the scheduler listens. */
  onMove: () => void = () => undefined;

  /** Jobs that were running when the checkpoint was written wait for their turn again. */
  constructor({ jobs, whole, requested, unsureUntil, followed, known }: Snapshots = NO_SNAPSHOTS) {
    for (const job of jobs) this.#jobs.set(job.id, afterRestart(job));
    this.#whole = new Set(whole);
    this.#requested = requested;
    this.unsureUntil = unsureUntil ?? null;
    this.followed = followed ?? null;
    this.known = known === undefined ? null : new Set(known);
  }

  /** The stream has come so far. */
  notePosition(position: StreamPosition): void {
    if (this.unsureUntil !== null && isAtOrPast(position, this.unsureUntil)) this.unsureUntil = null;
  }

  /** Oldest first. */
  get jobs(): readonly SnapshotJob[] {
    return [...this.#jobs.values()];
  }

  /** As operators see them: none is done before its last rows are in Kafka. */
  get shownJobs(): readonly SnapshotJob[] {
    return this.jobs.map((job) =>
      this.#unpublished.has(job.id) ? { ...job, state: 'running', endedAt: null } : job,
    );
  }

  /** The job's last rows are in Kafka, and the checkpoint that tells of it. */
  notePublished(id: string): void {
    this.#unpublished.delete(id);
  }

  get whole(): ReadonlySet<string> {
    return this.#whole;
  }

  get(id: string): SnapshotJob | null {
    return this.#jobs.get(id) ?? null;
  }

  /** Whether a first snapshot of the table is done, needless, or noted as owed. */
  knows(table: string): boolean {
    return this.#whole.has(table) || this.#jobs.has(initialId(table));
  }

  /** Whether rows of the table's first snapshot are in the topic, or need not be. */
  hasBegun(table: string): boolean {
    return this.#whole.has(table) || (this.#jobs.get(initialId(table))?.since ?? null) !== null;
  }

  /** Nothing of the table has to be read. */
  noteComplete(table: string): void {
    this.#whole.add(table);
  }

  /** The table's rows must be read anew: those of its name that were read are others'. */
  forget(table: string): void {
    this.#whole.delete(table);
    this.#jobs.delete(initialId(table));
  }

  /** Tables that are not captured any more: they begin anew when they come back. */
  keepOnly(captured: ReadonlySet<string>): void {
    for (const table of this.#whole) if (!captured.has(table)) this.#whole.delete(table);
    for (const { id, origin, database, table } of this.#jobs.values()) {
      if (origin === 'initial' && !captured.has(tableId(database, table))) this.#jobs.delete(id);
    }
  }

  /**
   * A first snapshot for every table that has none.
   * @param at milliseconds since 1970
   */
  owe(tables: readonly TableName[], reconcile: (table: TableName) => boolean, at: number): void {
    for (const named of tables) {
      const { database, table } = named;
      const id = tableId(database, table);
      if (this.knows(id)) continue;
      const order = { database, table, condition: null, requestedAt: at, reconcile: reconcile(named) };
      this.#add({ ...order, id: initialId(id), origin: 'initial' });
    }
  }

  /** A job that an operator asks for. */
  request(order: Omit<JobOrder, 'id' | 'origin'>): SnapshotJob {
    return this.#request(order, false);
  }

  #request(order: Omit<JobOrder, 'id' | 'origin'>, isPatient: boolean): SnapshotJob {
    for (const { id } of oldest(this.jobs.filter(({ origin }) => origin === 'request')))
      this.#jobs.delete(id);
    this.#requested++;
    return this.#add({ ...order, id: `s${this.#requested}`, origin: 'request' }, isPatient);
  }

  /**
   * All rows of these tables are to be read again, and those dropped that are gone. One job that has not begun is enough for
   * many such wishes; what one that has begun has read may be older. In place of a first snapshot that has ended the table
   * owes it once more: unlike a request that takes no room in the checkpoint, and any number of tables may be in doubt.
   *
   * @param takesFirst whether first snapshots are taken
   * @param at milliseconds since 1970
   * @param isPatient whether a further job waits until its table has had a rest, as such wishes may never end
   * @returns those that get a further job, as `database.table`
   */
  readAgain(
    tables: readonly TableName[],
    takesFirst: boolean,
    at: number,
    isPatient = false,
  ): readonly string[] {
    const added: string[] = [];
    if (tables.every((named) => this.#isAskedFor(named, isPatient))) return added;
    const waiting = new Map(
      this.jobs.filter(isWholeAndUnbegun).map((job) => [tableId(job.database, job.table), job]),
    );
    for (const { database, table } of tables) {
      const id = tableId(database, table);
      const job = waiting.get(id);
      const order = { database, table, condition: null, reconcile: true, requestedAt: at };
      if (job !== undefined) this.#again.set(id, job.id);
      if (job !== undefined && !isPatient) this.#patient.delete(job.id);
      if (job?.reconcile === true) continue;
      if (job?.origin === 'initial') {
        this.update(job.id, { reconcile: true });
        continue;
      }
      added.push(id);
      if (takesFirst && this.#hasEndedFirst(id)) {
        this.forget(id);
        this.#again.set(id, this.#add({ ...order, id: initialId(id), origin: 'initial' }, isPatient).id);
      } else this.#again.set(id, this.#request(order, isPatient).id);
    }
    return added;
  }

  #isAskedFor({ database, table }: TableName, isPatient: boolean): boolean {
    const job = this.#jobs.get(this.#again.get(tableId(database, table)) ?? '');
    if (job?.reconcile !== true || !isWholeAndUnbegun(job)) return false;
    return isPatient || !this.#patient.has(job.id);
  }

  /** Rows of the table may be gone that the stream has told: its first snapshot, if that has not begun, is to drop them. */
  reconcileFirst({ database, table }: TableName): void {
    const first = this.#jobs.get(initialId(tableId(database, table)));
    if (first?.since === null && !hasEnded(first.state)) this.update(first.id, { reconcile: true });
  }

  #hasEndedFirst(table: string): boolean {
    const first = this.#jobs.get(initialId(table));
    return first === undefined || hasEnded(first.state);
  }

  #add(order: JobOrder, isPatient = false): SnapshotJob {
    const job = newJob(order);
    if (isPatient) this.#patient.add(job.id);
    else this.#patient.delete(job.id);
    this.#jobs.delete(job.id);
    this.#jobs.set(job.id, job);
    this.onMove();
    return job;
  }

  /** The job after the event; null when there is no such job, or the event has no place in its state. */
  move(id: string, event: JobEvent, at: number): SnapshotJob | null {
    const job = this.#jobs.get(id);
    const moved = job === undefined ? null : moveJob(job, event, at);
    if (moved === null) return null;
    this.#jobs.set(id, moved);
    this.#patient.delete(id);
    if (event === 'finish') this.#unpublished.add(id);
    const { origin, database, table, state } = moved;
    // A first snapshot that was cancelled is not owed any more: somebody has said so.
    if (origin === 'initial' && (state === 'done' || state === 'cancelled'))
      this.#whole.add(tableId(database, table));
    this.onMove();
    return moved;
  }

  /** Notes what has been read. */
  update(id: string, facts: Partial<SnapshotJob>): void {
    const job = this.#jobs.get(id);
    if (job !== undefined) this.#jobs.set(id, { ...job, ...facts, id });
  }

  /** The job at its new rate; null when there is no such job, or nothing more is read by it. */
  throttle(id: string, maxRowsPerSecond: number | null): SnapshotJob | null {
    const job = this.#jobs.get(id);
    if (job === undefined || job.state === 'done' || job.state === 'cancelled') return null;
    const { maxRowsPerSecond: _before, ...rest } = job;
    // Absent where there is none: an earlier version refuses a checkpoint with a member that it does not know.
    const throttled = maxRowsPerSecond === null ? rest : { ...rest, maxRowsPerSecond };
    this.#jobs.set(id, throttled);
    return throttled;
  }

  /**
   * Jobs that may start now, oldest first: one at a time of each table.
   * @param reading ids of jobs that are still at their last chunk, whatever their state is
   * @param isStopped whether a table must not be read now, by `database.table`
   * @param rests whether a table was read a short while ago, by `database.table`
   */
  startable(
    free: number,
    reading: ReadonlySet<string>,
    isStopped: (table: string) => boolean = () => false,
    rests: (table: string) => boolean = () => false,
  ): readonly SnapshotJob[] {
    const busy = new Set<string>();
    for (const { id, state, database, table } of this.#jobs.values())
      if (state === 'running' || reading.has(id)) busy.add(tableId(database, table));
    const found: SnapshotJob[] = [];
    for (const job of this.#jobs.values()) {
      const id = tableId(job.database, job.table);
      if (found.length >= free) break;
      if (job.state !== 'pending' || busy.has(id) || isStopped(id)) continue;
      if (this.#patient.has(job.id) && rests(id)) continue;
      busy.add(id);
      found.push(job);
    }
    return found;
  }

  /** Whether anything is being read or waits for its turn. */
  get isBusy(): boolean {
    for (const { state } of this.#jobs.values()) if (state === 'pending' || state === 'running') return true;
    return false;
  }

  /** What the checkpoint keeps. First snapshots that have not begun are owed again by the tables that are not whole. */
  toSnapshots(): Snapshots {
    const told = this.jobs.filter(
      ({ origin, state, since }) => origin === 'request' || state !== 'pending' || since !== null,
    );
    const dropped = new Set(oldest(told));
    return {
      jobs: told.filter((job) => !dropped.has(job)),
      whole: [...this.#whole],
      requested: this.#requested,
      ...(this.unsureUntil === null ? {} : { unsureUntil: this.unsureUntil }),
      ...(this.followed === null ? {} : { followed: this.followed }),
      ...(this.known === null ? {} : { known: [...this.known] }),
    };
  }
}

export function initialId(table: string): string {
  return `initial/${table}`;
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

/** As if these tables had never been read: they owe their first snapshot once more. */
export function withoutFirst(snapshots: Snapshots, tables: readonly string[]): Snapshots {
  const ids = new Set(tables.map(initialId));
  return {
    ...snapshots,
    jobs: snapshots.jobs.filter(({ id }) => !ids.has(id)),
    whole: snapshots.whole.filter((table) => !tables.includes(table)),
  };
}

/** Whether the job will read all rows, every one of them later than now. */
function isWholeAndUnbegun({ state, since, condition }: SnapshotJob): boolean {
  return state === 'pending' && since === null && condition === null;
}

/** Those of the jobs that have ended, without the newest. */
function oldest(jobs: readonly SnapshotJob[]): readonly SnapshotJob[] {
  const ended = jobs.filter(({ state }) => hasEnded(state));
  return ended.slice(0, Math.max(0, ended.length - ENDED_KEPT));
}
