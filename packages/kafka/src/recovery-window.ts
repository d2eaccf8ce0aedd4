import { setImmediate as nextTurn } from 'node:timers/promises';
import { abortableDelay, fullJitter, type Logger, type PipelineError } from '@sluice/runtime';

const BACKOFF = { initialMs: 50, maxMs: 1000 };
/** Quick tries of a millisecond before it slows down: a coordinator that ends a transaction needs one or two. */
const QUICK_TRIES = 50;
const SLOW_TRY_MS = 20;
/** One or two failures are an idle connection that was closed, or a leader not yet known: not worth a line. */
const SAID_FROM_FAILURE = 3;

/** How long one operation may go on trying, and how it waits between tries. */
export class RecoveryWindow {
  readonly signal: AbortSignal;
  readonly #startedAt = performance.now();
  readonly #endsAt: number;
  readonly #log: Logger | undefined;
  #failures = 0;
  #quickTries = 0;

  /** `boundMs`: milliseconds from now after which the last error is thrown instead of another try. */
  constructor(boundMs: number, signal: AbortSignal, log?: Logger) {
    this.signal = signal;
    this.#endsAt = this.#startedAt + boundMs;
    this.#log = log;
  }

  /** To be called when the operation has succeeded: says so if it was said that it does not. */
  done(): void {
    if (this.#failures < SAID_FROM_FAILURE) return;
    const durationMs = Math.round(performance.now() - this.#startedAt);
    this.#log?.info({ event: 'kafka-recovered', attempt: this.#failures, durationMs }, 'Kafka answers again');
  }

  /** Waits before another try after `error`, or throws it when the time is over, or the signal's reason when aborted. */
  async again(error: PipelineError): Promise<void> {
    this.#check(error);
    const failures = this.#failures++;
    if (this.#failures === SAID_FROM_FAILURE) {
      this.#log?.warn(
        { event: 'kafka-unavailable', attempt: this.#failures, err: error },
        'Kafka does not answer as it should; trying on',
      );
    }
    // The first failure is most often an idle connection that the broker had closed: try again at once.
    if (failures > 0) await abortableDelay(fullJitter(failures, BACKOFF), this.signal);
  }

  /** The same for "just a moment" answers (CONCURRENT_TRANSACTIONS): 0 to 1 ms. */
  async soon(error: PipelineError): Promise<void> {
    this.#check(error);
    const tries = this.#quickTries++;
    if (tries === 0) await nextTurn();
    else await abortableDelay(tries < QUICK_TRIES ? 1 : SLOW_TRY_MS, this.signal);
  }

  #check(error: PipelineError): void {
    this.signal.throwIfAborted();
    if (performance.now() >= this.#endsAt) throw error;
  }
}
