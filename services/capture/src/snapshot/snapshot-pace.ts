import { abortableDelay } from '@sluice/runtime';

/** How soon an order that comes while a job waits is obeyed (ms). */
const LOOK_MS = 200;

/** Keeps the reading of one job to its rate: each chunk is followed by the time that its rows may take. */
export class SnapshotPace {
  readonly #rate: () => number | null;
  readonly #now: () => number;
  #rows = 0;
  #since: number;

  /** @param rate rows in a second at most, or null, as it is now; @param now milliseconds of a monotonic clock */
  constructor(rate: () => number | null, now: () => number = () => performance.now()) {
    this.#rate = rate;
    this.#now = now;
    this.#since = now();
  }

  /** Rows of the next chunk at most: what a second may bring, so that a new rate holds soon. */
  limit(rows: number): number {
    return Math.min(rows, this.#rate() ?? rows);
  }

  /** A chunk begins. */
  begin(): void {
    this.#since = this.#now();
    this.#rows = 0;
  }

  /** It has brought so many rows. */
  read(rows: number): void {
    this.#rows = rows;
  }

  /** Milliseconds until the next chunk may begin. */
  get waitMs(): number {
    const rate = this.#rate();
    if (rate === null) return 0;
    return Math.max(0, this.#since + (this.#rows / rate) * 1000 - this.#now());
  }

  /** Resolves when the next chunk may begin, or nobody wants it any more; never throws. */
  async wait(isWanted: () => boolean, signal: AbortSignal): Promise<void> {
    for (let ms = this.waitMs; ms > 0 && isWanted() && !signal.aborted; ms = this.waitMs)
      await abortableDelay(Math.min(ms, LOOK_MS), signal).catch(() => undefined);
  }
}
