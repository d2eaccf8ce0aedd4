import {
  parseTableId,
  tableArgument,
  tableId,
  tableIdOf,
  type TopicRouting,
  toTableId,
} from '@sluice/envelope';
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
  /** `source.tables`. */
  readonly sourceTables: readonly string[];
  /** Stores a decision in Kafka. */
  readonly decide: (decision: Decision) => Promise<void>;
  /** Those that are stored, by `partitionName`. */
  readonly stored: () => ReadonlyMap<string, Shortfall & TopicPartition>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Logger;
}

/** Tables of one line of the log, and of the command in it. */
const NAMED_MAX = 100;

/**
 * Partitions that this sink began to read when older records were deleted already, or whose table it had to make again: rows
 * that have not changed since are missing, and nobody else can know. It ends with a snapshot that began behind that place and
 * reconciles: such a one brings all rows and removes what it did not bring.
 */
export class Incomplete {
  readonly #parts: IncompleteParts;

  constructor(parts: IncompleteParts) {
    this.#parts = parts;
  }

  /** Partitions that begin at these offsets: resolves when those that begin late are remembered in Kafka, and says so. */
  async begin(starts: readonly StartOffset[]): Promise<void> {
    const late = starts.filter((start) => start.isLate && !this.#isKnown(start));
    if (late.length === 0) return;
    const topics = [...new Set(late.map(({ topic }) => topic))];
    for (let at = 0; at < topics.length; at += NAMED_MAX) this.#say(topics.slice(at, at + NAMED_MAX));
    for (const start of late) await this.#remember(start, start.offset);
  }

  #say(topics: readonly string[]): void {
    const shown = topics.map((topic) => this.#tableOf(topic) ?? `the tables of ${topic}`);
    this.#parts.log.warn(
      { event: 'sink.incomplete', tables: shown, topics: topics.length },
      `older records of ${topics.length} topic(s) were deleted before this sink could read them, their results are lost, or another program moved the offsets of its group: rows that have not changed since are missing. ${fixOf(topics.map((topic) => this.#tableOf(topic)))}`,
    );
  }

  /** Not by a place behind this one: that was in an earlier topic of the name. */
  #isKnown(start: StartOffset): boolean {
    const known = this.#parts.stored().get(nameOf(start));
    return known !== undefined && BigInt(known.from) <= start.offset;
  }

  /** The table was gone from the store, and is made again by a record behind `offset`. */
  async remade(where: TopicPartition, offset: bigint): Promise<void> {
    await this.#remember(where, offset);
  }

  /** A control record has its outcome. */
  async passed({ topic, partition, offset, envelope }: ControlDelivery): Promise<void> {
    const where = { topic, partition };
    const known = this.#parts.stored().get(nameOf(where));
    const { payload } = envelope;
    if (known === undefined || !('phase' in payload) || !payload.reconcile) return;
    if (offset < BigInt(known.from)) return;
    const { job, phase, source } = payload;
    const table = tableIdOf(source);
    if (phase === 'begin')
      return await this.#store(where, { ...known, jobs: { ...known.jobs, [table]: job } });
    if (known.jobs[table] !== job) return;
    const whole = [...new Set([...known.whole, table])];
    const isWhole = this.#tablesOf(topic)?.every((name) => whole.includes(name)) ?? false;
    await this.#store(where, isWhole ? null : { ...known, whole });
    this.#parts.log.info(
      { event: 'sink.complete', ...where, table, job },
      `a snapshot has published all rows of ${table} in this partition`,
    );
  }

  get all(): readonly IncompleteTopic[] {
    const known = [...this.#parts.stored().values()];
    return [...Map.groupBy(known, ({ topic }) => topic)].map(([topic, some]) => ({
      topic,
      table: this.#tableOf(topic),
      partitions: some.map(({ partition }) => partition).sort((a, b) => a - b),
      since: new Date(Math.min(...some.map(({ at }) => at))).toISOString(),
      wholeAgain: [...new Set(some.flatMap(({ whole }) => whole))].filter((table) =>
        some.every(({ whole }) => whole.includes(table)),
      ),
      fix: fixOf([this.#tableOf(topic)]),
    }));
  }

  async #remember({ topic, partition }: TopicPartition, from: bigint): Promise<void> {
    const value = { at: this.#parts.now(), from: String(from), jobs: {}, whole: [] };
    await this.#store({ topic, partition }, value);
  }

  async #store({ topic, partition }: TopicPartition, value: Shortfall | null): Promise<void> {
    const { decide } = this.#parts;
    if (value === null) return await decide({ kind: 'incomplete', topic, partition, value });
    const { at, from, jobs, whole } = value;
    await decide({ kind: 'incomplete', topic, partition, value: { at, from, jobs, whole } });
  }

  /** Every table whose rows are in the topic; null where a pattern of `source.tables` leaves that open. */
  #tablesOf(topic: string): readonly string[] | null {
    const only = this.#tableOf(topic);
    if (only !== null) return [only];
    const { sourceTables, routing } = this.#parts;
    if (sourceTables.some((pattern) => /[*?]/.test(pattern))) return null;
    return sourceTables.map(toTableId).filter((id) => {
      const { database, table } = parseTableId(id);
      return routing.topicOf(database, table) === topic;
    });
  }

  /** Null for a topic whose name does not tell the table. */
  #tableOf(topic: string): string | null {
    const source = this.#parts.routing.sourceOf(topic, null);
    return source === null || source.database === null || source.table === null
      ? null
      : tableId(source.database, source.table);
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return partitionName(topic, partition);
}

/** One command for all of them. @param tables null where a topic does not tell which it has */
export function fixOf(tables: readonly (string | null)[]): string {
  const named = new Set(
    tables.map((table) => `--table ${table === null ? 'DATABASE.TABLE' : tableArgument(table)}`),
  );
  return `Run: sluice snapshot start ${[...named].join(' ')} --reconcile`;
}
