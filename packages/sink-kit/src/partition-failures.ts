import { partitionName, type TopicPartition } from '@sluice/kafka';
import type { PauseReason } from '@sluice/ops-api';
import { PipelineError } from '@sluice/runtime';
import { BreakerOpenError } from './breaker.ts';
import { BREAKER_PAUSE, type PauseRequest } from './pause-request.ts';
import { planRetry } from './retry.ts';
import type { WorkerContext } from './worker-context.ts';

/** What to do after a failure: wait in place, or pause the partition. */
export interface FailurePlan {
  readonly ms: number;
  /** Null: wait `ms` milliseconds in place. */
  readonly pause: PauseRequest | null;
}

const PAUSE_BY_CODE: Readonly<Partial<Record<string, PauseReason>>> = {
  RECORD_HELD: 'strict',
  TABLE_PAUSED: 'ddl',
};

/** The failures in a row of one partition, and what follows from each by the class of its error. */
export class PartitionFailures {
  readonly #where: TopicPartition;
  readonly #name: string;
  readonly #context: WorkerContext;
  #attempt = 0;

  constructor(where: TopicPartition, context: WorkerContext) {
    this.#where = where;
    this.#name = partitionName(where.topic, where.partition);
    this.#context = context;
  }

  /** The partition gets on. */
  over(): void {
    this.#attempt = 0;
    this.#context.state.troubles.over(this.#name);
  }

  /**
   * Decides by the error's class: a short wait in place, or a pause. Rethrows what must stop the service. An offset that
   * another worker has moved will not come back by waiting: the partition begins again at what is stored.
   */
  plan(error: unknown): FailurePlan {
    if (error instanceof BreakerOpenError) return { ms: 0, pause: BREAKER_PAUSE };
    if (!(error instanceof PipelineError)) throw error;
    const { metrics, state } = this.#context;
    metrics.error(error);
    if (error.code === 'TARGET_OFFSET_MOVED') return { ms: 0, pause: { reason: 'moved' } };
    state.troubles.note(this.#name, error);
    if (error.errorClass === 'fatal') throw error;
    if (this.#attempt === 0) this.#logFirst(error);
    return this.#planAgain(error);
  }

  #planAgain(error: PipelineError): FailurePlan {
    const { metrics, settings, breaker } = this.#context;
    const detail = `${error.code}: ${error.message}`;
    const { kind, ms } = planRetry(this.#attempt++, settings.retry);
    // One of class `record` that is thrown is no single row's outcome: the store has it against what is done for the table.
    if (error.errorClass !== 'retryable') {
      const reason = PAUSE_BY_CODE[error.code] ?? 'schema';
      // Most are over in a moment, when another partition has come to the change; the others are woken by the operator's word.
      return { ms, pause: { reason, ms: reason === 'schema' ? ms : settings.retry.maxMs, detail } };
    }
    metrics.retry(error);
    // This failure has opened the breaker: its probe is the next try, no timer of ours.
    if (breaker.blocked) return { ms: 0, pause: BREAKER_PAUSE };
    return { ms, pause: kind === 'pause' ? { reason: 'retry', ms, detail } : null };
  }

  /** One line when a partition begins to fail, none per try. */
  #logFirst(error: PipelineError): void {
    this.#context.log.warn(
      { event: 'partition.failing', ...this.#where, err: error },
      'records cannot be applied; trying again',
    );
  }
}
