import type { ConsumedRecord, TopicPartition } from '@sluice/kafka';
import { PipelineError } from '@sluice/runtime';
import type { FailureStage } from '@sluice/envelope';
import type { HaltPlace } from './dead-letters/dead-letter-manager.ts';
import type { WorkerContext } from './worker-context.ts';

/** Why a record becomes a dead letter. */
export interface Refusal {
  readonly stage: FailureStage;
  readonly error: PipelineError;
  readonly attempts: number;
  /** `database.table`; null where the record cannot be read. */
  readonly table: string | null;
}

/** Dead letters of one partition: asks whether the record may become one, and writes each once. */
export class PartitionDeadLetters {
  readonly #where: TopicPartition;
  readonly #context: WorkerContext;
  /** Of records in steps that are not complete yet: they come again after a pause, their letters must not. */
  readonly #admitted = new Set<bigint>();
  readonly #sent = new Set<bigint>();
  readonly #firstFailedAt = new Map<bigint, number>();

  constructor(where: TopicPartition, context: WorkerContext) {
    this.#where = where;
    this.#context = context;
  }

  /** Records that have just been refused: the first time counts, however long they are halved, tried again or held. */
  note(refused: readonly { readonly offset: bigint }[], nowMs: number): void {
    for (const { offset } of refused)
      if (!this.#firstFailedAt.has(offset)) this.#firstFailedAt.set(offset, nowMs);
  }

  /** Throws RECORD_HELD, DIVERSION_HALTED, or what Kafka has against the letter: then the record is not done. */
  async send(record: ConsumedRecord, { stage, error, attempts, table }: Refusal): Promise<void> {
    const { offset } = record;
    if (this.#sent.has(offset)) return;
    const { name: sink, group, metrics, state, deadLetterLog, now } = this.#context;
    const failedAtMs = now();
    this.note([record], failedAtMs);
    const times = { firstFailedAtMs: this.#firstFailedAt.get(offset) ?? failedAtMs, failedAtMs };
    await this.#admit(record, error, failedAtMs);
    await this.#context.sendDeadLetter({
      sink,
      group,
      ...this.#where,
      record,
      stage,
      error,
      attempts,
      ...times,
    });
    this.#sent.add(offset);
    state.deadLetters += 1;
    metrics.deadLetter(error);
    deadLetterLog.written({ ...this.#where, offset, table, stage, error });
  }

  /** The step is complete: none of its records comes again. */
  forget(): void {
    this.#admitted.clear();
    this.#sent.clear();
    this.#firstFailedAt.clear();
  }

  /** Once per record: a dead letter that Kafka refuses at first is counted once. */
  async #admit({ offset, key }: ConsumedRecord, error: PipelineError, nowMs: number): Promise<void> {
    if (this.#admitted.has(offset)) return;
    const { deadLetterRate, metrics, maySendDeadLetter, halt } = this.#context;
    const place = { ...this.#where, offset };
    if (!maySendDeadLetter(place, key?.toString('utf8') ?? null)) throw held(place, error);
    if (!deadLetterRate.admit(nowMs)) throw await halt(place, error);
    metrics.error(error);
    this.#admitted.add(offset);
  }
}

function held({ topic, partition, offset }: HaltPlace, cause: PipelineError): PipelineError {
  const message = `${topic}[${partition}] offset ${offset} is refused (${cause.code}: ${cause.message}) and its table is strict`;
  return new PipelineError('RECORD_HELD', message, {
    cause,
    context: { topic, partition, offset: String(offset), refusal: cause.code },
  });
}
