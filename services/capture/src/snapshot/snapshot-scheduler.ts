import { tableId } from '@sluice/envelope';
import type { SnapshotJobStore } from '../state/snapshot-job-store.ts';

/** For so long at least a table rests that was read (ms); when the reading took longer, for as long as that. */
const REST_MS = 2000;

export interface SchedulerParts {
  readonly jobStore: SnapshotJobStore;
  /** Tables that are read at once at most (`snapshot.maxThreads`). */
  readonly threads: number;
  /** Whether a table waits for an operator, by `database.table`. */
  readonly isStopped: (id: string) => boolean;
  /** Reads the job that has just been set running, until it is not; throws when the source fails. */
  readonly read: (id: string, signal: AbortSignal) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Gives jobs their turn: several tables at once, one job of a table at a time, oldest first. Between jobs that are asked for
 * again and again a table rests, so that at most half of the time goes to reading it.
 */
export class SnapshotScheduler {
  readonly #parts: SchedulerParts;
  readonly #running = new Map<string, Promise<void>>();
  /** Tables that were read a short while ago, as `database.table`. */
  readonly #resting = new Set<string>();
  #wake: () => void = () => undefined;
  #failure: { readonly error: unknown } | null = null;

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
  }

  /** Runs until the signal; throws the first error of a job when the others have ended. */
  async run(signal: AbortSignal): Promise<void> {
    const { jobStore } = this.#parts;
    const ended = new AbortController();
    const both = AbortSignal.any([signal, ended.signal]);
    const wake = (): void => this.#wake();
    jobStore.onMove = wake;
    signal.addEventListener('abort', wake);
    try {
      while (!signal.aborted && this.#failure === null) await this.#turn(both);
    } finally {
      ended.abort();
      jobStore.onMove = () => undefined;
      signal.removeEventListener('abort', wake);
      await Promise.all(this.#running.values());
    }
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** Starts what may start, and waits for something to change. */
  async #turn(signal: AbortSignal): Promise<void> {
    const changed = new Promise<void>((resolve) => (this.#wake = resolve));
    const { jobStore, threads, isStopped, now } = this.#parts;
    const reading = new Set(this.#running.keys());
    const rests = (table: string): boolean => this.#resting.has(table);
    for (const { id, database, table } of jobStore.startable(
      threads - reading.size,
      reading,
      isStopped,
      rests,
    )) {
      jobStore.move(id, 'start', now());
      this.#running.set(id, this.#read(id, tableId(database, table), signal));
    }
    await changed;
  }

  #rest(table: string, took: number): void {
    this.#resting.add(table);
    const wake = (): void => {
      this.#resting.delete(table);
      this.#wake();
    };
    setTimeout(wake, Math.max(REST_MS, took)).unref();
  }

  async #read(id: string, table: string, signal: AbortSignal): Promise<void> {
    const begun = performance.now();
    try {
      await this.#parts.read(id, signal);
    } catch (error) {
      this.#failure ??= { error };
    } finally {
      this.#running.delete(id);
      this.#rest(table, performance.now() - begun);
      this.#wake();
    }
  }
}
