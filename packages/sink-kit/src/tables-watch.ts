import type { Logger, PipelineError } from '@sluice/runtime';
import { toKnownError } from './known-error.ts';
import type { Sink } from './sink.ts';
import type { SinkState } from './status.ts';

/** Tells of what the sink has written to and the store has no more, and that it is there again: one line each. */
export class TablesWatch {
  readonly #sink: Pick<Sink, 'look'>;
  readonly #state: Pick<SinkState, 'tablesError' | 'troubles'>;
  readonly #log: Logger;

  constructor(sink: Pick<Sink, 'look'>, state: Pick<SinkState, 'tablesError' | 'troubles'>, log: Logger) {
    this.#sink = sink;
    this.#state = state;
    this.#log = log;
  }

  /** Never throws: a store that does not answer is told of by its pings. */
  async look(): Promise<void> {
    try {
      await this.#sink.look?.();
      this.#allThere();
    } catch (error) {
      const known = toKnownError(error);
      if (known.errorClass === 'schema') this.#missing(known);
    }
  }

  #allThere(): void {
    if (this.#state.tablesError === null) return;
    this.#state.tablesError = null;
    this.#state.troubles.over('tables');
    this.#log.info(
      { event: 'store.tables_back' },
      'all tables that this sink has written to exist in the store again',
    );
  }

  #missing(error: PipelineError): void {
    const told = `${error.code}: ${error.message}`;
    this.#state.troubles.note('tables', error);
    if (this.#state.tablesError === told) return;
    this.#state.tablesError = told;
    this.#log.warn({ event: 'store.tables_missing', code: error.code }, error.message);
  }
}
