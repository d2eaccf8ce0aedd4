import { parseTableId, tableId, type TableName, type TopicRouting } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import { tablePlace, type TablePlace } from '../model/table.ts';

/** The tables whose topics are there, and where the records of every table go. */
export class AdmittedTables implements Iterable<TableName> {
  readonly #routing: TopicRouting;
  /** Partitions of the topics of each table. A topic may be shared: it says nothing of a table. */
  readonly #partitions = new Map<string, number>();
  readonly #topics = new Set<string>();

  constructor(routing: TopicRouting) {
    this.#routing = routing;
  }

  /** @param partitions that all topics of the table have */
  add(database: string, table: string, partitions: number): void {
    this.#partitions.set(tableId(database, table), partitions);
    for (const topic of this.placeOf(database, table).topics) this.#topics.add(topic);
  }

  has(database: string, table: string): boolean {
    return this.#partitions.has(tableId(database, table));
  }

  *[Symbol.iterator](): Generator<TableName> {
    for (const id of this.#partitions.keys()) yield parseTableId(id);
  }

  /** Of all of them. */
  get topics(): ReadonlySet<string> {
    return this.#topics;
  }

  /** Throws CONFIG_INVALID when a name would be longer than Kafka allows. */
  placeOf(database: string, table: string): TablePlace {
    return tablePlace(this.#routing, database, table);
  }

  /** Throws TOPIC_UNKNOWN for a table that is not among them. */
  partitionsOf(database: string, table: string): number {
    const partitions = this.#partitions.get(tableId(database, table));
    if (partitions !== undefined) return partitions;
    const { topic } = this.placeOf(database, table);
    throw new PipelineError('TOPIC_UNKNOWN', `Topic ${topic} was not prepared before its table was used.`);
  }
}
