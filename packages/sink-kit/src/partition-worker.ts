import type { ConsumedBatch, TopicPartition } from '@sluice/kafka';
import { abortableDelay } from '@sluice/runtime';
import { cutSteps, type Step } from './batching.ts';
import { decodeBatch } from './decode.ts';
import { GenerationGuard } from './generation-guard.ts';
import { PartitionFailures } from './partition-failures.ts';
import { BREAKER_PAUSE, CHECKPOINT_PAUSE, STOP_PAUSE, type PauseRequest } from './pause-request.ts';
import { publishedEntries, type Unsure } from './published-bound.ts';
import { hasRemade } from './remade-tables.ts';
import { selectEntries } from './skipped-records.ts';
import { newProgress, type StepProgress } from './step-progress.ts';
import { StepWriter } from './step-writer.ts';
import type { WorkerContext } from './worker-context.ts';

export interface WorkerVerdict {
  readonly nextOffset: bigint;
  /** Null: go on. */
  readonly pause: PauseRequest | null;
}

/** Applies the records of one partition in order. One batch at a time. */
export class PartitionWorker {
  readonly #where: TopicPartition;
  readonly #context: WorkerContext;
  readonly #generations: GenerationGuard;
  readonly #writer: StepWriter;
  readonly #failures: PartitionFailures;

  constructor(where: TopicPartition, context: WorkerContext) {
    this.#where = where;
    this.#context = context;
    this.#generations = new GenerationGuard(where);
    this.#writer = new StepWriter(where, context);
    this.#failures = new PartitionFailures(where, context);
  }

  /**
   * The way of a batch: decode → cut into steps → per step: send what cannot be read to the dead letters, write the newest of
   * each key, halve what is refused and send the rest of it there too, store the offset. Throws only what must stop the service;
   * a store that does not answer gives a verdict with a pause, and the records from there on come again.
   */
  async handle(batch: ConsumedBatch, signal: AbortSignal): Promise<WorkerVerdict> {
    const [oldest] = batch.records;
    let nextOffset = oldest?.offset ?? 0n;
    if (this.#context.breaker.blocked) return { nextOffset, pause: BREAKER_PAUSE };
    if (oldest !== undefined) this.#context.metrics.fetched(this.#context.now() - oldest.timestampMs);
    for (let rest = batch; ;) {
      const unsure = { first: null as Unsure | null };
      for (const step of this.#steps(rest, unsure)) {
        const pause = await this.#finish(this.#begin(step), batch, signal);
        if (pause !== null) return { nextOffset, pause };
        nextOffset = step.next;
      }
      const { first } = unsure;
      if (first === null) return { nextOffset, pause: null };
      const pause = await this.#look(first);
      if (pause !== null) return { nextOffset, pause };
      rest = { ...batch, records: batch.records.filter(({ offset }) => offset >= first.offset) };
    }
  }

  /** Up to the first record of which it is not known whether capture has published it. */
  #steps(batch: ConsumedBatch, unsure: { first: Unsure | null }): Generator<Step> {
    const { routing, seals, selection, settings, published, tracing } = this.#context;
    const entries = publishedEntries(
      decodeBatch(batch, routing, seals, tracing !== null),
      batch,
      published,
      (first) => {
        unsure.first = first;
      },
    );
    return cutSteps(selection.isAll ? entries : selectEntries(entries, selection), settings);
  }

  /** Null when it is known now. */
  async #look(unsure: Unsure): Promise<PauseRequest | null> {
    try {
      const verdict = await this.#context.published.look(this.#where, unsure);
      return verdict === 'wait' ? CHECKPOINT_PAUSE : null;
    } catch (error) {
      const { pause, ms } = this.#failures.plan(error);
      const detail = 'the checkpoint of capture, or the generation of the store, cannot be read now';
      return pause ?? { reason: 'retry', ms, detail };
    }
  }

  /** Throws when a record is of another generation than those before it. */
  #begin(step: Step): StepProgress {
    const deliveries = step.kind === 'control' ? [step.delivery] : step.rows;
    for (const delivery of deliveries) this.#generations.check(delivery);
    return newProgress(step, this.#context.selection);
  }

  /** Tries a step until it is done; resolves to a pause when the wait until the next try is long. */
  async #finish(
    progress: StepProgress,
    batch: ConsumedBatch,
    signal: AbortSignal,
  ): Promise<PauseRequest | null> {
    for (;;) {
      try {
        await this.#writer.advance(progress, batch, signal);
        this.#failures.over();
        this.#writer.complete(progress);
        return null;
      } catch (error) {
        signal.throwIfAborted();
        if (await hasRemade(error, progress, this.#where, this.#context, signal)) continue;
        const plan = this.#failures.plan(error);
        if (plan.pause !== null) return plan.pause;
        if (!(await this.#waited(plan.ms, signal))) return STOP_PAUSE;
      }
    }
  }

  /** False when the service began to stop meanwhile. */
  async #waited(ms: number, signal: AbortSignal): Promise<boolean> {
    const { stopping } = this.#context;
    try {
      await abortableDelay(ms, AbortSignal.any([signal, stopping]));
      return true;
    } catch (error) {
      if (stopping.aborted) return false;
      throw error;
    }
  }
}
