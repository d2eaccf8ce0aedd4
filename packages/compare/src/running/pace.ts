import { setTimeout as delay } from 'node:timers/promises';

/** Holds a reader back to a number of rows in a second, over all that it has read. */
export class Pace {
  readonly #rowsPerSecond: number;
  readonly #signal: AbortSignal;
  /** Milliseconds of `performance.now()` at which the next row may be read. */
  #dueAt = 0;

  constructor(rowsPerSecond: number, signal: AbortSignal) {
    this.#rowsPerSecond = rowsPerSecond;
    this.#signal = signal;
  }

  /** Resolves when so many rows may have been read. Time in which nothing was read is not made up for. */
  async took(rows: number): Promise<void> {
    const now = performance.now();
    this.#dueAt = Math.max(this.#dueAt, now) + (rows / this.#rowsPerSecond) * 1000;
    await delay(this.#dueAt - now, undefined, { signal: this.#signal });
  }
}
