import type { RunningPlace } from './place.ts';

export interface KeptPlace {
  /** What it throws ends the comparison. */
  readonly write: (place: RunningPlace) => Promise<void>;
  /** Milliseconds between two times: what a comparison that is killed does again at most. */
  readonly everyMs: number;
}

/** Keeps the place of a comparison from time to time. */
export class PlaceKeeper {
  readonly #keep: KeptPlace | null;
  readonly #signal: AbortSignal;
  readonly #now: () => number;
  #dueAt: number;

  /**
   * @param keep null where nobody asks for it
   * @param signal aborted when the comparison ends before its time: what it finds from then on is no place
   * @param now milliseconds of any clock
   */
  constructor(keep: KeptPlace | null, signal: AbortSignal, now: () => number = () => performance.now()) {
    this.#keep = keep;
    this.#signal = signal;
    this.#now = now;
    this.#dueAt = now();
  }

  /** At a point where all that was compared is found or kept as a suspect. Throws what keeping throws. */
  async at(make: () => RunningPlace): Promise<void> {
    if (this.#keep === null || this.#signal.aborted || this.#now() < this.#dueAt) return;
    await this.#keep.write(make());
    this.#dueAt = this.#now() + this.#keep.everyMs;
  }
}
