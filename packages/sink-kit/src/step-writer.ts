import { tableIdOf } from '@sluice/envelope';
import type { ConsumedBatch, TopicPartition } from '@sluice/kafka';
import { takeApart } from './coalesce.ts';
import { isolate, sortOutcomes, type WorkGroup } from './isolate.ts';
import { keepRefused } from './kept-rows.ts';
import { toKnownError } from './known-error.ts';
import { PartitionDeadLetters } from './partition-dead-letters.ts';
import type { Delivery, Outcome } from './sink.ts';
import type { StepProgress } from './step-progress.ts';
import { writeToStore } from './store-write.ts';
import type { WorkerContext } from './worker-context.ts';

/** Brings the steps of one partition into the store: what is refused is halved, and in the end becomes a dead letter. */
export class StepWriter {
  readonly #where: TopicPartition;
  readonly #context: WorkerContext;
  readonly #letters: PartitionDeadLetters;

  constructor(where: TopicPartition, context: WorkerContext) {
    this.#where = where;
    this.#context = context;
    this.#letters = new PartitionDeadLetters(where, context);
  }

  /**
   * Does what is left of a step. Throws what it must be tried again for, or what must stop the service; what is done by then
   * stands in the progress.
   * @param batch that the step is of
   */
  async advance(progress: StepProgress, batch: ConsumedBatch, signal: AbortSignal): Promise<void> {
    const { step } = progress;
    const { incomplete, skipped, held } = this.#context;
    if (step.kind === 'control') held.check(step.delivery);
    // Before the rows: a sink that stores offsets would store one beyond them.
    await this.#sendUnreadable(progress);
    if (step.kind === 'control') await keepRefused(step.delivery, this.#where, this.#context, signal);
    for (let group = progress.groups[0]; group !== undefined; group = progress.groups[0]) {
      await this.#apply(group, progress, batch, signal);
    }
    if (step.kind === 'control') {
      await incomplete.passed(step.delivery);
      await skipped.passed(step.delivery);
    } else await skipped.note(this.#where, step.skipped);
    await this.#storeOffset(progress);
  }

  /** The step is complete: none of its records comes again. */
  complete({ step, tally }: StepProgress): void {
    this.#letters.forget();
    const { metrics, latency, deadLetterRate, state, now } = this.#context;
    metrics.add(tally);
    latency.add(tally.latenciesMs, now());
    deadLetterRate.handled(tally.records, now());
    state.handledRecords += tally.records;
    if (step.kind === 'rows') state.skippedRecords += metrics.skipped(step.skipped);
  }

  async #sendUnreadable({ poison, tally }: StepProgress): Promise<void> {
    for (let first = poison[0]; first !== undefined; first = poison[0]) {
      const { record, error } = first;
      await this.#letters.send(record, { stage: 'deserialize', error, attempts: 1, table: null });
      tally.addUnreadable();
      poison.shift();
    }
  }

  /** Writes the first group and puts in its place what is left of it. Throws when something of it must be tried again. */
  async #apply(
    group: WorkGroup,
    progress: StepProgress,
    batch: ConsumedBatch,
    signal: AbortSignal,
  ): Promise<void> {
    const outcomes = await writeToStore(this.#context, group.deliveries, signal);
    const { settled, refused, unanswered } = sortOutcomes(group, outcomes);
    const now = this.#context.now();
    this.#letters.note(refused, now);
    for (const { delivery, outcome } of settled) {
      progress.tally.add(delivery, outcome.kind === 'applied' ? 'applied' : 'stale', now);
      for (const older of progress.superseded.get(delivery.key) ?? [])
        progress.tally.add(older, 'superseded', now);
    }
    const last = group.deliveries.at(-1);
    if (settled.length === group.deliveries.length && last !== undefined) progress.stored = last.next;
    const again = await this.#again(group, refused, outcomes, progress, batch);
    const rest = unanswered.length === 0 ? [] : [{ deliveries: unanswered, refusals: 0 }];
    progress.groups.splice(0, 1, ...again, ...rest);
    const reason = outcomes.find(
      (outcome) => outcome.kind === 'failed' && outcome.error.errorClass !== 'record',
    );
    if (reason?.kind === 'failed') throw reason.error;
  }

  /**
   * What takes the place of refused deliveries: those that stood for older ones of their key with these, in log order; else
   * halves; in the end a single record, which after its quick tries becomes a dead letter.
   */
  async #again(
    group: WorkGroup,
    refused: readonly Delivery[],
    outcomes: readonly Outcome[],
    progress: StepProgress,
    batch: ConsumedBatch,
  ): Promise<readonly WorkGroup[]> {
    const runs = takeApart(refused, progress.superseded);
    if (runs.length > 0) return runs.map((deliveries) => ({ deliveries, refusals: 0 }));
    const [delivery] = group.deliveries;
    const [outcome] = outcomes;
    const isExhausted =
      group.deliveries.length === 1 && group.refusals >= this.#context.settings.quickRetries;
    if (!isExhausted || delivery === undefined || outcome?.kind !== 'failed' || refused.length === 0)
      return isolate(group, refused);
    const record = batch.records.find(({ offset }) => offset === delivery.offset);
    const table = tableIdOf(delivery.envelope.payload.source);
    const { error } = outcome;
    const refusal = { stage: 'apply', error, attempts: group.refusals + 1, table } as const;
    if (record !== undefined) await this.#letters.send(record, refusal);
    progress.tally.add(delivery, 'dlq', this.#context.now());
    return [];
  }

  /** Moves the stored offset over records that needed no write. Control steps too: not every store writes for them. */
  async #storeOffset({ step, stored }: StepProgress): Promise<void> {
    const { offsets } = this.#context.sink;
    if (offsets === undefined || (step.kind === 'rows' && stored === step.next)) return;
    try {
      await offsets.advance(this.#where.topic, this.#where.partition, step.next);
    } catch (error) {
      throw toKnownError(error);
    }
  }
}
