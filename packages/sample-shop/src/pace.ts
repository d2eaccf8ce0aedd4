/** When each transaction of a writer is due. */
export class Pace {
  readonly #everyMs: number;
  readonly #mostBehindMs: number;
  #startedAt: number;

  /** @param mostBehindMs what a writer is behind is caught up without a pause, but for what goes beyond this */
  constructor(everyMs: number, startedAt: number, mostBehindMs: number) {
    this.#everyMs = everyMs;
    this.#startedAt = startedAt;
    this.#mostBehindMs = mostBehindMs;
  }

  /** Milliseconds until the n-th transaction is due; 0 or less: at once. */
  waitMs(number: number, now: number): number {
    const waitMs = this.#startedAt + number * this.#everyMs - now;
    if (waitMs < -this.#mostBehindMs) this.#startedAt -= waitMs + this.#mostBehindMs;
    return waitMs;
  }
}
