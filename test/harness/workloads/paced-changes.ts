import { setTimeout as delay } from 'node:timers/promises';
import type { SourceDatabase } from '../pipelines/source-database.ts';

const INSERTED = 5;
const UPDATED = 4;
const DELETED = 1;
/** Row changes of one transaction. */
const CHANGES = INSERTED + UPDATED + DELETED;
const FIRST_ID = 1000;
/** Rows that are updated are younger than those that are deleted. */
const DELETED_BEHIND = 500;

/** Inserts, updates and deletes at an even pace, in a table with the columns `id` and `version`; keys from 1000 on. */
export class PacedChanges {
  /** Row changes committed so far. */
  written = 0;
  /** Milliseconds of each transaction since `latencies` was asked last. */
  #tookMs: number[] = [];
  #isStopped = false;
  readonly #done: Promise<void>;

  constructor(database: SourceDatabase, table: string, changesPerSecond: number) {
    this.#done = this.#run(database, table, changesPerSecond);
    // Whoever stops it is told; nobody may be waiting yet.
    this.#done.catch(() => undefined);
  }

  /** Throws what the source answered last, if that was an error. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }

  /** Milliseconds that half and 99 of 100 transactions took at most, since the last time. */
  latencies(): { readonly p50: number; readonly p99: number } {
    const sorted = this.#tookMs.sort((one, other) => one - other);
    this.#tookMs = [];
    const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
    return { p50: at(0.5), p99: at(0.99) };
  }

  /** What was missed while the source was slow is made up for. */
  async #run(database: SourceDatabase, table: string, changesPerSecond: number): Promise<void> {
    const begun = performance.now();
    for (let id = FIRST_ID; !this.#isStopped; id += INSERTED) {
      const dueAt = begun + (this.written / changesPerSecond) * 1000;
      await delay(Math.max(dueAt - performance.now(), 0));
      const ids = Array.from({ length: INSERTED }, (_, index) => id + index);
      const startedAt = performance.now();
      await database.run(
        'BEGIN',
        `INSERT INTO ${table} (id, version) VALUES ${ids.map((one) => `(${one}, 1)`).join(', ')}`,
        `UPDATE ${table} SET version = version + 1 WHERE id BETWEEN ${id - UPDATED} AND ${id - 1}`,
        `DELETE FROM ${table} WHERE id = ${id - DELETED_BEHIND}`,
        'COMMIT',
      );
      this.#tookMs.push(performance.now() - startedAt);
      this.written += CHANGES;
    }
  }
}
