import { setTimeout as delay } from 'node:timers/promises';
import type { MysqlServer } from '@sluice/local-stack';
import { Session } from './session.ts';

/** A row carries the time at which its source wrote it. */
export const PACED_TABLE =
  'CREATE TABLE paced (id INT NOT NULL PRIMARY KEY AUTO_INCREMENT, writtenAt DATETIME(6) NOT NULL)';
const STEP_MS = 20;

/** Inserts rows into `paced` at an even pace, a transaction every 20 ms; what was missed while the source was slow is made up for. */
export class PacedRows {
  /** Rows that the source has acknowledged; their ids are 1 and up, without a gap. */
  written = 0;
  readonly #rowsPerSecond: number;
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(server: MysqlServer, database: string, rowsPerSecond: number) {
    this.#rowsPerSecond = rowsPerSecond;
    this.#done = this.#run(new Session(server, database));
    // Whoever stops it is told; nobody may be waiting yet.
    this.#done.catch(() => undefined);
  }

  /** Throws what the source answered last, if that was an error. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #run(session: Session): Promise<void> {
    const begun = performance.now();
    while (!this.#stopped) {
      const due = Math.floor(((performance.now() - begun) / 1000) * this.#rowsPerSecond) - this.written;
      if (due > 0) {
        const rows = Array.from({ length: due }, () => '(NOW(6))').join(', ');
        await session.run(`INSERT INTO paced (writtenAt) VALUES ${rows}`);
        this.written += due;
      }
      await delay(STEP_MS);
    }
    session.close();
  }
}
