import { setTimeout as delay } from 'node:timers/promises';

/** Holds a reader back to a number of rows in a second, over all that it has read. */
export class Pace {
  readonly #rowsPerSecond: number;
  readonly #signal: AbortSignal;
  /** Milliseconds of `performance.now()` at which the next row may be read. */
  #dueAt = performance.now();

  constructor(rowsPerSecond: number, signal: AbortSignal) {
    this.#rowsPerSecond = rowsPerSecond;
    this.#signal = signal;
  }

  /** Resolves when so many rows may have been read since it last did. Time that was not used up is not saved for later. */
  async took(rows: number): Promise<void> {
    this.#dueAt = Math.max(this.#dueAt + (rows / this.#rowsPerSecond) * 1000, performance.now());
    await delay(this.#dueAt - performance.now(), undefined, { signal: this.#signal });
  }
}
