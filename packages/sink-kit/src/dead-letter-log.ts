import type { TopicPartition } from '@sluice/kafka';
import type { Logger, PipelineError } from '@sluice/runtime';
import type { FailureStage } from '@sluice/envelope';
import { deadLetterId } from './dead-letters/dead-letter.ts';

const WINDOW_MS = 60_000;
/** A few bad records are worth a line each; of many the first ones and their number say the same. */
const LINES_PER_WINDOW = 10;

export interface WrittenDeadLetter extends TopicPartition {
  readonly offset: bigint;
  /** `database.table`; null where the record cannot be read. */
  readonly table: string | null;
  readonly stage: FailureStage;
  readonly error: PipelineError;
}

/** Says that a record became a dead letter: which, and why by its code. Never a value of it. At most ten lines a minute. */
export class DeadLetterLog {
  readonly #log: Logger;
  readonly #sink: string;
  readonly #now: () => number;
  #since = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #suppressed = 0;

  /** @param now milliseconds of any clock */
  constructor(log: Logger, sink: string, now: () => number) {
    this.#log = log;
    this.#sink = sink;
    this.#now = now;
  }

  written({ topic, partition, offset, table, stage, error }: WrittenDeadLetter): void {
    this.watch();
    if (this.#lines === 0) this.#since = this.#now();
    this.#lines += 1;
    if (this.#lines > LINES_PER_WINDOW) {
      this.#suppressed += 1;
      return;
    }
    this.#log.warn(
      {
        event: 'dlq.written',
        sink: this.#sink,
        ...(table === null ? {} : { table }),
        topic,
        partition,
        offset: String(offset),
        id: deadLetterId(topic, partition, offset),
        code: error.code,
        stage,
      },
      'a record became a dead letter: see `sluice dlq show`',
    );
  }

  /** To be called every second or so: tells at the end of the minute how many lines were left out. */
  watch(): void {
    if (this.#lines === 0 || this.#now() - this.#since < WINDOW_MS) return;
    const suppressed = this.#suppressed;
    this.#lines = 0;
    this.#suppressed = 0;
    if (suppressed === 0) return;
    this.#log.warn(
      { event: 'dlq.written', sink: this.#sink, suppressed },
      `${suppressed} more records became dead letters within the minute: see \`sluice dlq list\``,
    );
  }
}
