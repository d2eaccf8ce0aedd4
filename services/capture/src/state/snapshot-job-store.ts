import type { TableName } from '@sluice/envelope';
import { isAtOrPast, type StreamPosition } from '../model/position.ts';
import { FirstSnapshots } from './first-snapshots.ts';
import { keptJobs, NO_SNAPSHOTS, type Snapshots } from './kept-snapshots.ts';
import { RepeatedSnapshots } from './repeated-snapshots.ts';
import type { JobEvent, JobOrder, SnapshotJob } from './snapshot-job.ts';
import { SnapshotJobs } from './snapshot-jobs.ts';

/** The snapshot jobs of a pipeline and which tables owe their first. Changed only between two source transactions. */
export class SnapshotJobStore {
  readonly #jobs: SnapshotJobs;
  readonly #first: FirstSnapshots;
  readonly #repeated: RepeatedSnapshots;
  /** The end of the source's binlog when it last answered what else changes with a table; null once the stream is there. */
  unsureUntil: StreamPosition | null;
  /** By `database.table`, what makes rows of it change without a trace, if that is followed. */
  followed: Readonly<Record<string, string>> | null;
  /** Tables, as `database.table`, that are not new; null where new ones are captured like the others. */
  readonly known: ReadonlySet<string> | null;
  /** Told of every change that lets a job begin or end; the scheduler listens. */
  onMove: () => void = () => undefined;

  constructor({ jobs, whole, requested, unsureUntil, followed, known }: Snapshots = NO_SNAPSHOTS) {
    this.#jobs = new SnapshotJobs(jobs, requested, () => this.onMove());
    this.#first = new FirstSnapshots(this.#jobs, whole);
    this.#repeated = new RepeatedSnapshots(this.#jobs, this.#first);
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
    return this.#jobs.all;
  }

  /** As operators see them: none is done before its last rows are in Kafka. */
  get shownJobs(): readonly SnapshotJob[] {
    return this.#jobs.shown;
  }

  /** Whether anything is being read or waits for its turn. */
  get isBusy(): boolean {
    return this.#jobs.isBusy;
  }

  /** Tables, as `database.table`, all rows of which are in the topic. */
  get whole(): ReadonlySet<string> {
    return this.#first.whole;
  }

  get(id: string): SnapshotJob | null {
    return this.#jobs.get(id);
  }

  /** Whether a first snapshot of the table is done, needless, or noted as owed. */
  knows(table: string): boolean {
    return this.#first.knows(table);
  }

  /** Whether rows of the table's first snapshot are in the topic, or need not be. */
  hasBegun(table: string): boolean {
    return this.#first.hasBegun(table);
  }

  /** Nothing of the table has to be read. */
  noteComplete(table: string): void {
    this.#first.noteComplete(table);
  }

  /** The table's rows must be read again: those of its name that were read are others'. */
  forget(table: string): void {
    this.#first.forget(table);
  }

  /** Tables that are not captured any more: they begin again when they come back. */
  keepOnly(captured: ReadonlySet<string>): void {
    this.#first.keepOnly(captured);
  }

  /**
   * A first snapshot for every table that has none.
   * @param at milliseconds since 1970
   */
  owe(tables: readonly TableName[], reconcile: (table: TableName) => boolean, at: number): void {
    this.#first.owe(tables, reconcile, at);
  }

  /** Rows of the table may be gone that the stream has told: its first snapshot, if that has not begun, is to drop them. */
  reconcileFirst(table: TableName): void {
    this.#first.reconcile(table);
  }

  /** A job that an operator asks for. */
  request(order: Omit<JobOrder, 'id' | 'origin'>): SnapshotJob {
    return this.#jobs.request(order);
  }

  /**
   * All rows of these tables are to be read again, and those dropped that are gone. One job that has not begun is enough for
   * many such wishes; what one that has begun has read may be older. In place of a first snapshot that has ended the table
   * owes it again: unlike a request that takes no room in the checkpoint, and any number of tables may be in doubt.
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
    return this.#repeated.ask(tables, { takesFirst, at, isPatient });
  }

  /** The job after the event; null when there is no such job, or the event has no place in its state. */
  move(id: string, event: JobEvent, at: number): SnapshotJob | null {
    const moved = this.#jobs.move(id, event, at);
    if (moved === null) return null;
    this.#first.noteMoved(moved);
    this.onMove();
    return moved;
  }

  /** The job's last rows are in Kafka, and the checkpoint that tells of it. */
  notePublished(id: string): void {
    this.#jobs.notePublished(id);
  }

  /** Notes what has been read. */
  update(id: string, facts: Partial<SnapshotJob>): void {
    this.#jobs.update(id, facts);
  }

  /** The job at its new rate; null when there is no such job, or nothing more is read by it. */
  throttle(id: string, maxRowsPerSecond: number | null): SnapshotJob | null {
    return this.#jobs.throttle(id, maxRowsPerSecond);
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
    return this.#jobs.startable(free, reading, isStopped, rests);
  }

  /** What the checkpoint keeps. */
  toSnapshots(): Snapshots {
    return {
      jobs: keptJobs(this.jobs),
      whole: [...this.whole],
      requested: this.#jobs.requested,
      ...(this.unsureUntil === null ? {} : { unsureUntil: this.unsureUntil }),
      ...(this.followed === null ? {} : { followed: this.followed }),
      ...(this.known === null ? {} : { known: [...this.known] }),
    };
  }
}
