import { abortableDelay, fullJitter, type PipelineError } from '@sluice/runtime';

const BACKOFF = { initialMs: 50, maxMs: 1000 };
/** Quick tries of a millisecond before it slows down: a coordinator that ends a transaction needs one or two. */
const QUICK_TRIES = 50;
const SLOW_TRY_MS = 20;

/** How long one operation may go on trying, and how it waits between tries. */
export class RecoveryWindow {
  readonly signal: AbortSignal;
  readonly #endsAt: number;
  #failures = 0;
  #quickTries = 0;

  /** `boundMs`: milliseconds from now after which the last error is thrown instead of another try. */
  constructor(boundMs: number, signal: AbortSignal) {
    this.signal = signal;
    this.#endsAt = performance.now() + boundMs;
  }

  /** Tries that failed so far; quick ones do not count. */
  get failures(): number {
    return this.#failures;
  }

  /** Waits before another try after `error`, or throws it when the time is over, or the signal's reason when aborted. */
  async again(error: PipelineError): Promise<void> {
    this.#check(error);
    const failures = this.#failures++;
    // The first failure is most often an idle connection that the broker had closed: try again at once.
    if (failures > 0) await abortableDelay(fullJitter(failures, BACKOFF), this.signal);
  }

  /** The same for "just a moment" answers (CONCURRENT_TRANSACTIONS): 0 to 1 ms. */
  async soon(error: PipelineError): Promise<void> {
    this.#check(error);
    const tries = this.#quickTries++;
    if (tries === 0) await new Promise((resolve) => setImmediate(resolve));
    else await abortableDelay(tries < QUICK_TRIES ? 1 : SLOW_TRY_MS, this.signal);
  }

  #check(error: PipelineError): void {
    this.signal.throwIfAborted();
    if (performance.now() >= this.#endsAt) throw error;
  }
}
