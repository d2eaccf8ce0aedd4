export interface DeadLetterRateLimits {
  /** Dead letters within the window after which no more are written. */
  readonly records: number;
  /** Share of dead letters within the window after which no more are written, once 1,000 records were handled in it. */
  readonly ratio: number;
}

const WINDOW_MS = 60_000;
const SLOTS = 60;
const RATIO_FROM_RECORDS = 1000;

interface Slot {
  second: number;
  handled: number;
  diverted: number;
}

/**
 * Watches how many records go to the dead-letter topic within a minute. A few are bad records; many mean that something
 * else is wrong (a mapping, a permission, a decoder), and diverting on would empty the topic into the dead letters.
 * Pure: time is an argument, in milliseconds.
 */
export class DeadLetterRateGuard {
  readonly #limits: DeadLetterRateLimits;
  readonly #slots: Slot[] = Array.from({ length: SLOTS }, () => ({ second: -1, handled: 0, diverted: 0 }));

  constructor(limits: DeadLetterRateLimits) {
    this.#limits = limits;
  }

  /** Counts records that were handled, whatever became of them. */
  handled(records: number, nowMs: number): void {
    this.#slot(nowMs).handled += records;
  }

  /** Counts a dead letter that was written before this guard was made; older ones than a minute do not matter. */
  restore(diverted: readonly number[]): void {
    for (const atMs of diverted.toSorted((a, b) => a - b)) this.#slot(atMs).diverted += 1;
  }

  /** False: this record would be one too many, do not divert it. True: it is counted as diverted. */
  admit(nowMs: number): boolean {
    const { handled, diverted } = this.#sum(nowMs);
    const after = diverted + 1;
    if (after > this.#limits.records) return false;
    if (handled >= RATIO_FROM_RECORDS && after > handled * this.#limits.ratio) return false;
    this.#slot(nowMs).diverted += 1;
    return true;
  }

  #slot(nowMs: number): Slot {
    const second = Math.floor(nowMs / 1000);
    const slot = this.#slots[second % SLOTS];
    if (slot === undefined) throw new RangeError(`no slot for ${nowMs}`);
    if (slot.second !== second) Object.assign(slot, { second, handled: 0, diverted: 0 });
    return slot;
  }

  #sum(nowMs: number): { handled: number; diverted: number } {
    const oldest = Math.floor((nowMs - WINDOW_MS) / 1000);
    const sum = { handled: 0, diverted: 0 };
    for (const slot of this.#slots) {
      if (slot.second <= oldest) continue;
      sum.handled += slot.handled;
      sum.diverted += slot.diverted;
    }
    return sum;
  }
}
