import { setTimeout as delay } from 'node:timers/promises';
import type { SeededRandom } from '@sluice/seeded-random';
import type { SourceDatabase } from '../../harness/pipelines/source-database.ts';

const PAUSE_MS = 5;

/** Inserts, updates and deletes rows of `items` all over its keys, one transaction after the other, until it is stopped. */
export class MillionWriter {
  /** Statements that have changed a row. */
  written = 0;
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(database: SourceDatabase, random: SeededRandom, rows: number) {
    this.#done = this.#run(database, random, rows);
    // Whoever stops it is told; nobody may be waiting yet.
    this.#done.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #run(database: SourceDatabase, random: SeededRandom, rows: number): Promise<void> {
    const some = (): number => random.integer(1, rows);
    while (!this.#stopped) {
      await database.run(
        'BEGIN',
        "INSERT INTO items (version, note) VALUES (1, 'written meanwhile')",
        `UPDATE items SET version = version + 1 WHERE id IN (${some()}, ${some()})`,
        `DELETE FROM items WHERE id = ${some()}`,
        'COMMIT',
      );
      this.written += 3;
      await delay(PAUSE_MS);
    }
  }
}
