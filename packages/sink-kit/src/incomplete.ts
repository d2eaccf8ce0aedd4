import type { TopicRouting } from '@sluice/envelope';
import { partitionName, type StartOffset, type TopicPartition } from '@sluice/kafka';
import type { Logger } from '@sluice/runtime';
import type { ControlDelivery } from './decode.ts';
import type { Decision, Shortfall } from './dead-letters/decisions.ts';

/** A topic of which the store lacks what was deleted before the sink could read it; a line of `/status`. */
export interface IncompleteTopic {
  readonly topic: string;
  /** `database.table`; null for a topic that several tables share. */
  readonly table: string | null;
  readonly partitions: readonly number[];
  /** When it was noticed. */
  readonly since: string;
  /** Tables of a shared topic that a snapshot has brought since. */
  readonly wholeAgain: readonly string[];
  readonly fix: string;
}

export interface IncompleteParts {
  readonly routing: TopicRouting;
  /** Stores a decision in Kafka. */
  readonly decide: (decision: Decision) => Promise<void>;
  /** Those that are stored, by `partitionName`. */
  readonly stored: () => ReadonlyMap<string, Shortfall & TopicPartition>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Logger;
}

const NAMED_MAX = 20;

/**
 * Partitions that this sink began to read when older records were deleted already, or whose table it had to make again: rows
 * that have not changed since are missing, and nobody else can know. It ends with a snapshot that began behind that place and
 * reconciles: such a one brings all rows and removes what it did not bring.
 */
export class Incomplete {
  readonly #parts: IncompleteParts;
  readonly #unstored = new Map<string, Shortfall & TopicPartition>();

  constructor(parts: IncompleteParts) {
    this.#parts = parts;
  }

  /** Partitions that begin at these offsets: remembers those that begin late, and says so. */
  begin(starts: readonly StartOffset[]): void {
    const late = starts.filter((start) => start.isLate && !this.#has(start));
    for (const start of late) this.#remember(start, start.offset);
    if (late.length === 0) return;
    const topics = [...new Set(late.map(({ topic }) => topic))];
    const shown = topics.slice(0, NAMED_MAX).map((topic) => this.#tableOf(topic) ?? `the tables of ${topic}`);
    this.#parts.log.warn(
      { event: 'sink.incomplete', tables: shown, topics: topics.length, partitions: late.length },
      `older records of ${topics.length} topic(s) were deleted before this sink could read them: rows that have not changed since are missing. ${fixOf(this.#tableOf(topics[0] ?? ''))}`,
    );
  }

  /** Before a record of the partition has its outcome: what was remembered of it must be stored by then. */
  async settle(where: TopicPartition): Promise<void> {
    const name = nameOf(where);
    const value = this.#unstored.get(name);
    if (value === undefined) return;
    await this.#store(where, value);
    this.#unstored.delete(name);
  }

  /** The table was gone from the store, and is made again by a record behind `offset`. */
  async remade(where: TopicPartition, offset: bigint): Promise<void> {
    this.#remember(where, offset);
    await this.settle(where);
  }

  /** A control record has its outcome. */
  async passed({ topic, partition, offset, envelope }: ControlDelivery): Promise<void> {
    const where = { topic, partition };
    const known = this.#parts.stored().get(nameOf(where));
    const { payload } = envelope;
    if (known === undefined || !('phase' in payload) || !payload.reconcile) return;
    if (offset < BigInt(known.from)) return;
    const { job, phase, source } = payload;
    const table = `${source.database}.${source.table}`;
    if (phase === 'begin')
      return await this.#store(where, { ...known, jobs: { ...known.jobs, [table]: job } });
    if (known.jobs[table] !== job) return;
    const isWhole = this.#tableOf(topic) !== null;
    const whole = [...new Set([...known.whole, table])];
    await this.#store(where, isWhole ? null : { ...known, whole });
    this.#parts.log.info(
      { event: 'sink.complete', ...where, table, job },
      `a snapshot has brought all rows of ${table} in this partition`,
    );
  }

  get all(): readonly IncompleteTopic[] {
    const known = [...new Map([...this.#unstored, ...this.#parts.stored()]).values()];
    return [...Map.groupBy(known, ({ topic }) => topic)].map(([topic, some]) => ({
      topic,
      table: this.#tableOf(topic),
      partitions: some.map(({ partition }) => partition).sort((a, b) => a - b),
      since: new Date(Math.min(...some.map(({ at }) => at))).toISOString(),
      wholeAgain: [...new Set(some.flatMap(({ whole }) => whole))].filter((table) =>
        some.every(({ whole }) => whole.includes(table)),
      ),
      fix: fixOf(this.#tableOf(topic)),
    }));
  }

  #has(where: TopicPartition): boolean {
    return this.#unstored.has(nameOf(where)) || this.#parts.stored().has(nameOf(where));
  }

  #remember(where: TopicPartition, from: bigint): void {
    const value = { at: this.#parts.now(), from: String(from), jobs: {}, whole: [] };
    this.#unstored.set(nameOf(where), { topic: where.topic, partition: where.partition, ...value });
  }

  async #store({ topic, partition }: TopicPartition, value: Shortfall | null): Promise<void> {
    const { decide } = this.#parts;
    if (value === null) return await decide({ kind: 'incomplete', topic, partition, value });
    const { at, from, jobs, whole } = value;
    await decide({ kind: 'incomplete', topic, partition, value: { at, from, jobs, whole } });
  }

  /** Null for a topic whose name does not tell the table. */
  #tableOf(topic: string): string | null {
    const source = this.#parts.routing.sourceOf(topic, null);
    return source === null || source.database === null || source.table === null
      ? null
      : `${source.database}.${source.table}`;
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return partitionName(topic, partition);
}

function fixOf(table: string | null): string {
  return `Run: sluice snapshot start --table ${table ?? 'DATABASE.TABLE'} --reconcile`;
}
