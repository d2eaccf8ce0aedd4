import { tableId, tableIdOf } from '@sluice/envelope';
import { partitionName, type ConsumedBatch, type TopicPartition } from '@sluice/kafka';
import type { PauseReason } from '@sluice/ops-api';
import { abortableDelay, errorEntry, PipelineError } from '@sluice/runtime';
import { cutSteps, type Step } from './batching.ts';
import { BreakerOpenError } from './breaker.ts';
import { coalesce, takeApart } from './coalesce.ts';
import { decodeBatch, type Entry } from './decode.ts';
import { GenerationGuard } from './generation-guard.ts';
import { publishedEntries, type Unsure } from './published-bound.ts';
import { isolate, sortOutcomes, type WorkGroup } from './isolate.ts';
import { keepRefused } from './kept-rows.ts';
import { toKnownError } from './known-error.ts';
import { PartitionDeadLetters } from './partition-dead-letters.ts';
import { withoutRemoval } from './reconciliation.ts';
import { planRetry } from './retry.ts';
import { selectEntries } from './skipped-records.ts';
import type { Delivery, Outcome } from './sink.ts';
import { tellSpans } from './tell-spans.ts';
import { BatchTally } from './tally.ts';
import type { WorkerContext } from './worker-context.ts';

/** Read nothing of the partition for `ms` milliseconds (null: until the breaker says so), or begin it anew. */
export type PauseRequest =
  | { readonly reason: PauseReason; readonly ms: number | null; readonly detail: string }
  | { readonly reason: 'moved' };

export interface WorkerVerdict {
  readonly nextOffset: bigint;
  /** Null: go on. */
  readonly pause: PauseRequest | null;
}

/** A step on its way into the store; kept over retries in place, so that only what is left is tried again. */
interface Progress {
  readonly step: Step;
  readonly tally: BatchTally;
  readonly superseded: Map<string, readonly Delivery[]>;
  readonly poison: Extract<Entry, { kind: 'poison' }>[];
  readonly groups: WorkGroup[];
  /** Offsets of the records by which tables were made again for it: each once, then it waits. */
  readonly remade: Set<bigint>;
  /** Offset that the sink itself has stored, by the contract of `OffsetStore`. */
  stored: bigint;
}

/** Applies the records of one partition in order. One batch at a time. */
export class PartitionWorker {
  readonly #where: TopicPartition;
  readonly #name: string;
  readonly #context: WorkerContext;
  readonly #generations: GenerationGuard;
  readonly #letters: PartitionDeadLetters;
  #attempt = 0;

  constructor(where: TopicPartition, context: WorkerContext) {
    this.#where = where;
    this.#name = partitionName(where.topic, where.partition);
    this.#context = context;
    this.#generations = new GenerationGuard(where);
    this.#letters = new PartitionDeadLetters(where, context);
  }

  /**
   * The way of a batch: decode → cut into steps → per step: bury what cannot be read, write the newest of each key, halve
   * and bury what is refused, store the offset. Throws only what must stop the service; a store that does not answer
   * gives a verdict with a pause, and the records from there on come again.
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
  async #look({ offset, sequence }: Unsure): Promise<PauseRequest | null> {
    try {
      const verdict = await this.#context.published.look(this.#where, offset, sequence);
      return verdict === 'wait' ? CHECKPOINT_PAUSE : null;
    } catch (error) {
      const { pause, ms } = this.#plan(error);
      return (
        pause ?? {
          reason: 'retry',
          ms,
          detail: 'the checkpoint of capture, or the generation of the store, cannot be read now',
        }
      );
    }
  }

  #begin(step: Step): Progress {
    const common = { step, tally: new BatchTally(), stored: 0n, remade: new Set<bigint>() };
    if (step.kind === 'control') {
      this.#generations.check(step.delivery);
      const asked = withoutRemoval(step.delivery, this.#context.selection);
      const groups = [{ deliveries: [asked], refusals: 0 }];
      return { ...common, superseded: new Map(), poison: [], groups };
    }
    for (const row of step.rows) this.#generations.check(row);
    const { winners, superseded } = coalesce(step.rows);
    const groups = winners.length === 0 ? [] : [{ deliveries: winners, refusals: 0 }];
    return { ...common, superseded: new Map(superseded), poison: [...step.poison], groups };
  }

  /** Tries a step until it is done; resolves to a pause when the wait until the next try is long. */
  async #finish(progress: Progress, batch: ConsumedBatch, signal: AbortSignal): Promise<PauseRequest | null> {
    for (;;) {
      try {
        await this.#advance(progress, batch, signal);
        this.#attempt = 0;
        this.#context.state.troubles.over(this.#name);
        this.#letters.forget();
        this.#report(progress);
        return null;
      } catch (error) {
        signal.throwIfAborted();
        if (await this.#hasRemade(error, progress, signal)) continue;
        const plan = this.#plan(error);
        if (plan.pause !== null) return plan.pause;
        if (!(await this.#waited(plan.ms, signal))) return STOP_PAUSE;
      }
    }
  }

  /**
   * Whether the store has got a table that it lacked, by the record that a snapshot further on begins with: from there on all
   * of its rows come. What Kafka or the store does not answer now is asked at the next try.
   */
  async #hasRemade(error: unknown, { groups, remade }: Progress, signal: AbortSignal): Promise<boolean> {
    if (!(error instanceof PipelineError)) return false;
    const { means } = errorEntry(error.code);
    if (means !== 'no-table' && means !== 'no-shape') return false;
    const { schemaAhead, incomplete, sink, log } = this.#context;
    try {
      const deliveries = groups[0]?.deliveries ?? [];
      for (const { offset, envelope } of oneOfEachTable(deliveries)) {
        const { database, table } = envelope.payload.source;
        const record = await schemaAhead.find(this.#where, offset, { database, table });
        if (record === null || remade.has(record.offset)) continue;
        // A shape that the store refuses has kept every row out until now: none is missing. Corrected in the settings, another
        // one comes, behind the record of this one.
        if (means !== 'no-shape') await incomplete.remade(this.#where, offset);
        const [outcome] = await sink.write([record], signal, 'replay');
        if (outcome?.kind === 'failed') continue;
        remade.add(record.offset);
        log.warn(
          {
            event: 'table.made_again',
            ...this.#where,
            table: tableId(database, table),
            by: String(record.offset),
          },
          'the store lacks the table or a column: a later snapshot creates it',
        );
        return true;
      }
    } catch (failure) {
      signal.throwIfAborted();
      log.debug({ err: failure }, 'not created again yet');
    }
    return false;
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

  async #advance(progress: Progress, batch: ConsumedBatch, signal: AbortSignal): Promise<void> {
    const { incomplete, skipped, held } = this.#context;
    if (progress.step.kind === 'control') held.check(progress.step.delivery);
    // Before the rows: a sink that stores offsets would store one beyond them.
    for (let poison = progress.poison[0]; poison !== undefined; poison = progress.poison[0]) {
      const { record, error } = poison;
      await this.#letters.send(record, { stage: 'deserialize', error, attempts: 1, table: null });
      progress.tally.addUnreadable();
      progress.poison.shift();
    }
    if (progress.step.kind === 'control')
      await keepRefused(progress.step.delivery, this.#where, this.#context, signal);
    for (let group = progress.groups[0]; group !== undefined; group = progress.groups[0]) {
      await this.#apply(group, progress, batch, signal);
    }
    if (progress.step.kind === 'control') {
      await incomplete.passed(progress.step.delivery);
      await skipped.passed(progress.step.delivery);
    } else await skipped.note(this.#where, progress.step.skipped);
    await this.#storeOffset(progress);
  }

  /** Writes the first group and puts in its place what is left of it. Throws when something of it must be tried again. */
  async #apply(
    group: WorkGroup,
    progress: Progress,
    batch: ConsumedBatch,
    signal: AbortSignal,
  ): Promise<void> {
    const outcomes = await this.#write(group.deliveries, signal);
    const { settled, refused, unanswered } = sortOutcomes(group, outcomes);
    const now = this.#context.now();
    this.#letters.note(refused, now);
    for (const { delivery, outcome } of settled) {
      progress.tally.add(delivery, outcome.kind === 'applied' ? 'applied' : 'stale', now);
      this.#settleSuperseded(delivery, progress, now);
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
    progress: Progress,
    batch: ConsumedBatch,
  ): Promise<readonly WorkGroup[]> {
    const runs = takeApart(refused, progress.superseded);
    if (runs.length > 0) return runs.map((deliveries) => ({ deliveries, refusals: 0 }));
    const [delivery] = group.deliveries;
    const [outcome] = outcomes;
    const exhausted = group.deliveries.length === 1 && group.refusals >= this.#context.settings.quickRetries;
    if (!exhausted || delivery === undefined || outcome?.kind !== 'failed' || refused.length === 0)
      return isolate(group, refused);
    const record = batch.records.find(({ offset }) => offset === delivery.offset);
    const table = tableIdOf(delivery.envelope.payload.source);
    const { error } = outcome;
    const refusal = { stage: 'apply', error, attempts: group.refusals + 1, table } as const;
    if (record !== undefined) await this.#letters.send(record, refusal);
    progress.tally.add(delivery, 'dlq', this.#context.now());
    return [];
  }

  #settleSuperseded(winner: Delivery, progress: Progress, now: number): void {
    for (const older of progress.superseded.get(winner.key) ?? [])
      progress.tally.add(older, 'superseded', now);
  }

  async #write(deliveries: readonly Delivery[], signal: AbortSignal): Promise<readonly Outcome[]> {
    const { breaker, sink, metrics } = this.#context;
    return breaker.run(async () => {
      const [started, startedAtMs] = [performance.now(), Date.now()];
      const done = (result: 'ok' | 'error'): void => {
        metrics.written(deliveries.length, (performance.now() - started) / 1000, result);
      };
      try {
        const outcomes = await sink.write(deliveries, signal);
        done('ok');
        tellSpans(this.#context, deliveries, outcomes, startedAtMs);
        return outcomes;
      } catch (error) {
        done('error');
        // Given up by us: whatever the store's client makes of that, it is no news of the store.
        signal.throwIfAborted();
        const known = toKnownError(error);
        tellSpans(this.#context, deliveries, known, startedAtMs);
        throw known;
      }
    });
  }

  /** Moves the stored offset over records that needed no write. Control steps too: not every store writes for them. */
  async #storeOffset({ step, stored }: Progress): Promise<void> {
    const { offsets } = this.#context.sink;
    if (offsets === undefined || (step.kind === 'rows' && stored === step.next)) return;
    try {
      await offsets.advance(this.#where.topic, this.#where.partition, step.next);
    } catch (error) {
      throw toKnownError(error);
    }
  }

  #report({ step, tally }: Progress): void {
    const { metrics, latency, deadLetterRate, state, now } = this.#context;
    metrics.add(tally);
    latency.add(tally.latenciesMs, now());
    deadLetterRate.handled(tally.records, now());
    state.handledRecords += tally.records;
    if (step.kind === 'rows') state.skippedRecords += metrics.skipped(step.skipped);
  }

  /**
   * Decides by the error's class: a short wait in place, or a pause. Rethrows what must stop the service. An offset that
   * another worker has moved will not come back by waiting: the partition begins anew at what is stored.
   */
  #plan(error: unknown): { readonly ms: number; readonly pause: PauseRequest | null } {
    if (error instanceof BreakerOpenError) return { ms: 0, pause: BREAKER_PAUSE };
    if (!(error instanceof PipelineError)) throw error;
    const { metrics, settings } = this.#context;
    metrics.error(error);
    if (error.code === 'TARGET_OFFSET_MOVED') return { ms: 0, pause: { reason: 'moved' } };
    this.#context.state.troubles.note(this.#name, error);
    const detail = `${error.code}: ${error.message}`;
    if (error.errorClass === 'fatal') throw error;
    if (this.#attempt === 0) this.#logFirst(error);
    const { kind, ms } = planRetry(this.#attempt++, settings.retry);
    // One of class `record` that is thrown is no single row's outcome: the store has it against what is done for the table.
    if (error.errorClass !== 'retryable') {
      const reason = PAUSE_BY_CODE[error.code] ?? 'schema';
      // Most are over in a moment, when another partition has come to the change; the others are woken by the operator's word.
      return { ms, pause: { reason, ms: reason === 'schema' ? ms : settings.retry.maxMs, detail } };
    }
    metrics.retry(error);
    // This failure has opened the breaker: its probe is the next try, no timer of ours.
    if (this.#context.breaker.blocked) return { ms: 0, pause: BREAKER_PAUSE };
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

function oneOfEachTable(deliveries: readonly Delivery[]): Iterable<Delivery> {
  const byTable = new Map<string, Delivery>();
  for (const delivery of deliveries) {
    const { database, table } = delivery.envelope.payload.source;
    const id = JSON.stringify([database, table]);
    if (!byTable.has(id)) byTable.set(id, delivery);
  }
  return byTable.values();
}

const PAUSE_BY_CODE: Readonly<Partial<Record<string, PauseReason>>> = {
  RECORD_HELD: 'strict',
  TABLE_PAUSED: 'ddl',
};

/** The assignment ends with it, so nobody has to wake it. */
const CHECKPOINT_PAUSE: PauseRequest = {
  reason: 'retry',
  ms: 1000,
  detail: 'a record is ahead of the newest checkpoint of capture: the next one tells',
};
const STOP_PAUSE: PauseRequest = { reason: 'retry', ms: null, detail: 'the service stops' };
const BREAKER_PAUSE: PauseRequest = {
  reason: 'breaker',
  ms: null,
  detail: 'circuit breaker open: the store is not called until the next probe',
};
