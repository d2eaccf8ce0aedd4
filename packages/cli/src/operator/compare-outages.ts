import { setTimeout as delay } from 'node:timers/promises';
import type { RunningPlace } from '@sluice/compare';
import { wordsOf } from '@sluice/runtime';
import { Interrupted } from './command-failed.ts';
import { durationText } from './snapshot-commands.ts';

/** Waits before a comparison is tried again (ms): the first, and the longest. */
const [FIRST_MS, LONGEST_MS] = [1000, 15_000];
/** So long nothing more was compared (ms): then it is given up. */
const PATIENCE_MS = 300_000;

export interface OutageParts {
  /** Whether an error is a server's that does not answer now. */
  readonly isOutage: (error: unknown) => boolean;
  readonly say: (line: string) => void;
  /** Milliseconds of any clock. */
  readonly now?: () => number;
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** Where a comparison is, so that it can continue behind a server that was away. */
export class Outages {
  readonly #parts: Required<OutageParts>;
  #place: RunningPlace | null;
  /** Aborted when the operator has interrupted it; null before all servers have answered. */
  #signal: AbortSignal | null = null;
  /** Tries that have failed since something was compared, and when the first did. */
  #failed = 0;
  #since = 0;

  /** @param from where it begins; null: at its begin */
  constructor(from: RunningPlace | null, parts: OutageParts) {
    this.#place = from;
    this.#parts = { now: () => performance.now(), wait: (ms) => delay(ms), ...parts };
  }

  get isInterrupted(): boolean {
    return this.#signal?.aborted === true;
  }

  /** A copy: a comparison changes what it begins with. */
  get place(): RunningPlace | null {
    return structuredClone(this.#place);
  }

  /** All servers have answered: what fails from now on is in its middle. */
  begun(signal: AbortSignal): void {
    this.#signal = signal;
  }

  /** It has come further. */
  reached(place: RunningPlace): void {
    this.#place = structuredClone(place);
    this.#failed = 0;
  }

  /** Resolves when the comparison may be tried again. Throws the error itself where that is of no use, or has lasted too long. */
  async outlast(error: unknown): Promise<void> {
    const { isOutage, say, now, wait } = this.#parts;
    if (this.#signal === null || error instanceof Interrupted || !isOutage(error)) throw error;
    if (this.#failed === 0) this.#since = now();
    if (now() - this.#since >= PATIENCE_MS) throw error;
    const waitMs = Math.min(FIRST_MS * 2 ** this.#failed, LONGEST_MS);
    this.#failed += 1;
    say(`${wordsOf(error)}: tried again in ${durationText(Math.round(waitMs / 1000))}`);
    await wait(waitMs);
  }
}

/** Tries again for as long as `outages` allows it. */
export async function outlasting<T>(attempt: () => Promise<T>, outages: Outages): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      await outages.outlast(error);
    }
  }
}
