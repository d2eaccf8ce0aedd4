import { lagOf, partitionName, type BatchConsumer, type ConsumedBatch } from '@sluice/kafka';
import type { WorkerContext } from './worker-context.ts';

/** A lag that was measured longer ago (ms) is not known any more; it is measured every 10 s. */
const LAG_LIFE_MS = 25_000;

type LagContext = Pick<WorkerContext, 'state' | 'metrics' | 'log'>;

/** Records that wait to be read: measured from time to time, and kept up by each batch. */
export class SinkLag {
  readonly #context: LagContext;
  readonly #caughtUp: (name: string) => void;
  #measuredAt = 0;
  /** The lines of `state.lag`, by partition. */
  #lines: ReadonlyMap<string, { records: number }> = new Map();

  /** @param caughtUp is told of partitions in which nothing waits */
  constructor(context: LagContext, caughtUp: (name: string) => void) {
    this.#context = context;
    this.#caughtUp = caughtUp;
  }

  /**
   * Never throws: a lag that cannot be measured is not known.
   * @param consumer the one that reads now: there may be another meanwhile
   * @param clientId of this pipeline's members of the group
   */
  async measure(consumer: () => Pick<BatchConsumer, 'lag' | 'strangers'>, clientId: string): Promise<void> {
    const { state, metrics, log } = this.#context;
    try {
      state.strangers = await consumer().strangers(clientId);
      const lag = await consumer().lag();
      state.lag = lag;
      this.#lines = new Map((lag ?? []).map((line) => [partitionName(line.topic, line.partition), line]));
      this.#measuredAt = performance.now();
      metrics.lag(lag ?? []);
      for (const { topic, partition, records } of lag ?? [])
        if (records === 0) this.#caughtUp(partitionName(topic, partition));
    } catch (error) {
      log.debug({ err: error }, 'lag not measured');
    }
  }

  /** Every batch tells the end of its partition: between two measurements a lag would be that of an empty topic. */
  note({ topic, partition, highWatermark }: ConsumedBatch, next: bigint): void {
    const line = this.#lines.get(partitionName(topic, partition));
    if (line === undefined || this.#context.state.lag === null) return;
    line.records = lagOf(highWatermark, next);
    this.#context.metrics.lagOf(topic, partition, line.records);
  }

  /** A lag that is too old to be true is forgotten. @param isKnown whether records come */
  expire(isKnown: boolean): void {
    const { lag } = this.#context.state;
    if (lag === null || (isKnown && performance.now() - this.#measuredAt < LAG_LIFE_MS)) return;
    this.forget();
  }

  /** Nothing is read any more: the partitions are another process's to tell of. */
  forget(): void {
    const { state, metrics } = this.#context;
    state.lag = null;
    metrics.lag([]);
  }
}
