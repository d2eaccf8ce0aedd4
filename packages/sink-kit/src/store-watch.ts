import { PipelineError } from '@sluice/runtime';
import { toKnownError } from './known-error.ts';
import type { SinkState } from './status.ts';

/** A ping takes milliseconds; the clients' own patience is up to half a minute. */
const SILENT_MS = 4000;

/** Asks the store whether it answers, and tells one that does not without waiting for its client to give up. */
export class StoreWatch {
  readonly #ask: () => Promise<void>;
  readonly #state: SinkState;
  readonly #now: () => number;
  #askedAt: number | null = null;

  /** @param now milliseconds of any clock */
  constructor(ask: () => Promise<void>, state: SinkState, now: () => number = () => performance.now()) {
    this.#ask = ask;
    this.#state = state;
    this.#now = now;
  }

  /** Throws what only a person can fix: the sink stops as it does when a write meets it. */
  async ping(): Promise<void> {
    this.#askedAt = this.#now();
    try {
      await this.#ask();
      this.#state.storeError = null;
      this.#state.troubles.over('store');
    } catch (error) {
      const known = toKnownError(error);
      this.#tell(known);
      if (known.errorClass === 'fatal') throw known;
    } finally {
      this.#askedAt = null;
    }
  }

  /** To be called every second or so. */
  watch(): void {
    const silentMs = this.#askedAt === null ? 0 : this.#now() - this.#askedAt;
    if (silentMs < SILENT_MS) return;
    const message = `the store has not answered a ping for ${Math.round(silentMs / 1000)} s`;
    this.#tell(new PipelineError('SINK_SILENT', message));
  }

  #tell(error: PipelineError): void {
    this.#state.storeError = `${error.code}: ${error.message}`;
    this.#state.troubles.note('store', error);
  }
}
