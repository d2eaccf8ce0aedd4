import { errorEntry, PipelineError } from '@sluice/runtime';
import CircuitBreaker from 'opossum';

export type BreakerState = 'closed' | 'open' | 'halfOpen';

/** The breaker is open: the store was not called. */
export class BreakerOpenError extends Error {}

export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** Milliseconds from opening to the probe. */
  readonly resetMs: number;
  readonly onChange: (state: BreakerState) => void;
}

/**
 * One breaker per sink instance. opossum opens on an error rate over a window of seconds, which retries with backoff never
 * fill: so its own threshold is out of reach, and failures in a row are counted from its events. Only errors that mean
 * "the store did not answer" count, and calls that were under way together, from many partitions, fail as one. After `resetMs` one call is let through as a probe: its success closes the breaker,
 * its failure opens it again.
 */
export class Breaker {
  readonly #circuit: CircuitBreaker<[() => Promise<unknown>, number]>;
  #inARow = 0;
  #calls = 0;
  /** How many calls had begun when the last failure was counted. */
  #callsAtFailure = 0;

  constructor(options: BreakerOptions) {
    this.#circuit = new CircuitBreaker((call: () => Promise<unknown>, _number: number) => call(), {
      timeout: false,
      resetTimeout: options.resetMs,
      volumeThreshold: Number.MAX_SAFE_INTEGER,
      // An unfinished probe has not shown that the store answers; outside of a probe it counts neither way.
      errorFilter: (error: unknown) => !isOutage(error) && !(isAbort(error) && this.#circuit.halfOpen),
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
    });
    this.#circuit.on('success', (result: unknown) => {
      // Errors that were filtered come as a success too.
      if (!isAbort(result)) this.#inARow = 0;
    });
    this.#circuit.on('failure', (_error, _latencyMs, [, call]) => {
      if (call <= this.#callsAtFailure && this.#circuit.closed) return;
      this.#callsAtFailure = this.#calls;
      this.#inARow += 1;
      if (this.#inARow >= options.failures && this.#circuit.closed) this.#circuit.open();
    });
    this.#circuit.on('open', () => options.onChange('open'));
    this.#circuit.on('halfOpen', () => options.onChange('halfOpen'));
    this.#circuit.on('close', () => options.onChange('closed'));
  }

  get state(): BreakerState {
    if (this.#circuit.closed) return 'closed';
    return this.#circuit.halfOpen ? 'halfOpen' : 'open';
  }

  /** True when a call now would not reach the store. */
  get blocked(): boolean {
    return !this.#circuit.closed && !this.#circuit.pendingClose;
  }

  /** Makes the call, or throws BreakerOpenError without making it. Throws what the call throws. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.blocked) throw new BreakerOpenError('the breaker is open');
    return (await this.#circuit.fire(call, ++this.#calls)) as T;
  }

  close(): void {
    this.#circuit.shutdown();
  }
}

/** True for an error that says "the store did not answer"; an abort and an error of the request itself, or of one table, say nothing of it. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof PipelineError)) return false;
  return error.errorClass === 'retryable' && errorEntry(error.code).means !== 'answered';
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
