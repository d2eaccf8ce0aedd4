import { setTimeout as delay } from 'node:timers/promises';
import type { SourceDatabase } from '../pipelines/source-database.ts';

/** Inserts and updates without end, in tables with the columns `id` and `version`. */
export class SteadyWriter {
  /** Row changes committed so far. */
  written = 0;
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(database: SourceDatabase, tables: readonly string[]) {
    this.#done = this.#run(database, tables);
    // Whoever stops it is told; nobody may be waiting yet.
    this.#done.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #run(database: SourceDatabase, tables: readonly string[]): Promise<void> {
    for (let id = 10; !this.#stopped; id += 2) {
      for (const table of tables) {
        await database.run(
          `INSERT INTO ${table} (id, version) VALUES (${id}, 1), (${id + 1}, 1)`,
          `UPDATE ${table} SET version = version + 1 WHERE id IN (${id}, ${Math.floor(id / 2)})`,
        );
        this.written += 3;
      }
      await delay(10);
    }
  }
}
