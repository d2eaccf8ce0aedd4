import type { TransactionalPublisher } from '@sluice/kafka';
import type { PublishBuffer, RecordTrace } from './publish-buffer.ts';

export interface Published {
  readonly rows: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly traces: readonly RecordTrace[];
}

/** At most one Kafka transaction under way; the next buffer fills meanwhile. */
export class Flusher {
  readonly #publisher: Pick<TransactionalPublisher, 'publish'>;
  readonly #signal: AbortSignal;
  readonly #onSettled: (published: Published) => void;
  #inFlight: Promise<void> | null = null;
  #begunAt = 0;
  #failed = false;

  /** @param onSettled called after each commit, when the flusher is free again */
  constructor(
    publisher: Pick<TransactionalPublisher, 'publish'>,
    signal: AbortSignal,
    onSettled: (published: Published) => void,
  ) {
    this.#publisher = publisher;
    this.#signal = signal;
    this.#onSettled = onSettled;
  }

  get busy(): boolean {
    return this.#inFlight !== null;
  }

  /** When what is under way was begun, in milliseconds since 1970; null when nothing is. */
  get busySince(): number | null {
    return this.busy ? this.#begunAt : null;
  }

  /** Starts publishing; the buffer belongs to the flusher until it has settled, then it is empty again. */
  begin(buffer: PublishBuffer, onFailure: (error: unknown) => void): void {
    this.#begunAt = Date.now();
    this.#inFlight = this.#publish(buffer);
    this.#inFlight.catch((error: unknown) => {
      this.#failed = true;
      onFailure(error);
    });
  }

  /** Waits for what is under way; throws what made it fail. A failed flusher stays failed. */
  async settle(): Promise<void> {
    await this.#inFlight;
  }

  async #publish(buffer: PublishBuffer): Promise<void> {
    const begun = performance.now();
    const { rows, bytes, traces } = buffer;
    await this.#publisher.publish(buffer.batches, this.#signal);
    buffer.clear();
    if (!this.#failed) this.#inFlight = null;
    this.#onSettled({ rows, bytes, traces, seconds: (performance.now() - begun) / 1000 });
  }
}
