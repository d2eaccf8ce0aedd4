import { tableId } from '@sluice/envelope';
import { outdated } from './kept-snapshots.ts';
import {
  afterRestart,
  moveJob,
  newJob,
  type JobEvent,
  type JobOrder,
  type SnapshotJob,
} from './snapshot-job.ts';

/** The jobs of a pipeline, oldest first, and which of them may start. */
export class SnapshotJobs {
  readonly #jobs = new Map<string, SnapshotJob>();
  /** Jobs that are done, but whose last rows may not be in Kafka yet. */
  readonly #unpublished = new Set<string>();
  /** Jobs that begin when their table has had a rest; not after a restart. */
  readonly #patient = new Set<string>();
  readonly #onAdded: () => void;
  #requested: number;

  /**
   * Jobs that were running when the checkpoint was written wait for their turn again.
   * @param requested how many were asked for so far
   */
  constructor(jobs: readonly SnapshotJob[], requested: number, onAdded: () => void) {
    for (const job of jobs) this.#jobs.set(job.id, afterRestart(job));
    this.#requested = requested;
    this.#onAdded = onAdded;
  }

  get all(): readonly SnapshotJob[] {
    return [...this.#jobs.values()];
  }

  /** As operators see them: none is done before its last rows are in Kafka. */
  get shown(): readonly SnapshotJob[] {
    return this.all.map((job) =>
      this.#unpublished.has(job.id) ? { ...job, state: 'running', endedAt: null } : job,
    );
  }

  get requested(): number {
    return this.#requested;
  }

  /** Whether anything is being read or waits for its turn. */
  get isBusy(): boolean {
    for (const { state } of this.#jobs.values()) if (state === 'pending' || state === 'running') return true;
    return false;
  }

  get(id: string): SnapshotJob | null {
    return this.#jobs.get(id) ?? null;
  }

  isPatient(id: string): boolean {
    return this.#patient.has(id);
  }

  /** The job waits for no rest of its table any more. */
  hurry(id: string): void {
    this.#patient.delete(id);
  }

  add(order: JobOrder, isPatient = false): SnapshotJob {
    const job = newJob(order);
    if (isPatient) this.#patient.add(job.id);
    else this.#patient.delete(job.id);
    this.#jobs.delete(job.id);
    this.#jobs.set(job.id, job);
    this.#onAdded();
    return job;
  }

  /** A job that is asked for gets the next number; the oldest of those that have ended are forgotten. */
  request(order: Omit<JobOrder, 'id' | 'origin'>, isPatient = false): SnapshotJob {
    for (const { id } of outdated(this.all.filter(({ origin }) => origin === 'request')))
      this.#jobs.delete(id);
    this.#requested++;
    return this.add({ ...order, id: `s${this.#requested}`, origin: 'request' }, isPatient);
  }

  remove(id: string): void {
    this.#jobs.delete(id);
  }

  /** The job after the event; null when there is no such job, or the event has no place in its state. */
  move(id: string, event: JobEvent, at: number): SnapshotJob | null {
    const job = this.#jobs.get(id);
    const moved = job === undefined ? null : moveJob(job, event, at);
    if (moved === null) return null;
    this.#jobs.set(id, moved);
    this.#patient.delete(id);
    if (event === 'finish') this.#unpublished.add(id);
    return moved;
  }

  /** The job's last rows are in Kafka, and the checkpoint that tells of it. */
  notePublished(id: string): void {
    this.#unpublished.delete(id);
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

  /** See `SnapshotJobStore.startable`. */
  startable(
    free: number,
    reading: ReadonlySet<string>,
    isStopped: (table: string) => boolean,
    rests: (table: string) => boolean,
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
}
