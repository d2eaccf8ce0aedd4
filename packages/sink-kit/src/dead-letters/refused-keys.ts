import type { Sequence, TopicRouting } from '@sluice/envelope';
import { partitionName, type TopicPartition, type TopicReader, type TopicRecord } from '@sluice/kafka';
import { parseDeadLetter, type DeadLetter } from './dead-letter.ts';

/** Keys held at once. */
const PAGE_KEYS = 1000;

export interface RefusedKeysOptions {
  readonly reader: Pick<TopicReader, 'settledEnds' | 'firstRecord' | 'topicIds'>;
  readonly routing: TopicRouting;
  /** Dead-letter topics: of the sink, and of capture. One that does not exist has no letters. */
  readonly topics: readonly string[];
}

interface Seen {
  /** Ids of the dead-letter topics that were there. */
  readonly ids: ReadonlyMap<string, string>;
  /** The next offset to read of each partition, by dead-letter topic. */
  readonly next: Map<string, bigint[]>;
  /** The newest change that was refused, by the partition that it is of, or would have been of. */
  readonly newest: Map<string, Sequence>;
}

/**
 * Which rows have changes that their stores never got: a sink has refused them, or capture, before they were in any topic. Reads the
 * letters themselves, whatever became of them: discarded or not, their rows are in the source.
 */
export class RefusedKeys {
  readonly #options: RefusedKeysOptions;
  #seen: Seen = nothingSeen(new Map());

  constructor(options: RefusedKeysOptions) {
    this.#options = options;
  }

  /** Throws KAFKA_NOT_AUTHORIZED at the start, rather than at the end of some snapshot. */
  async check(): Promise<void> {
    for (const topic of this.#options.topics)
      await this.#options.reader.firstRecord(topic, 0, 0n, () => true);
  }

  /**
   * Record keys of a partition whose changes of `since` or later were refused, in pages; a key may come more than once. Misses
   * none that was refused before this was called. Throws PipelineErrors.
   */
  async *of(where: TopicPartition, since: Sequence): AsyncGenerator<readonly string[]> {
    const { newest, next } = await this.#look();
    if ((newest.get(nameOf(where)) ?? '') < since) return;
    const isMeant = (letter: DeadLetter | null): letter is DeadLetter =>
      letter !== null && nameOf(letter) === nameOf(where) && refusedAt(letter) >= since;
    for (const [topic, partitions] of next)
      for (const partition of partitions.keys()) yield* this.#pages(topic, partition, isMeant);
  }

  async *#pages(
    topic: string,
    partition: number,
    isMeant: (letter: DeadLetter | null) => letter is DeadLetter,
  ): AsyncGenerator<readonly string[]> {
    const { reader, routing } = this.#options;
    for (let offset = 0n, isLast = false; !isLast;) {
      const keys = new Set<string>();
      const isFull = (record: TopicRecord): boolean => {
        const letter = parseDeadLetter(record, routing);
        if (isMeant(letter) && letter.key !== null) keys.add(letter.key);
        return keys.size === PAGE_KEYS;
      };
      const { record, next } = await reader.firstRecord(topic, partition, offset, isFull);
      if (keys.size > 0) yield [...keys];
      offset = next;
      isLast = record === null;
    }
  }

  /**
   * Reads what has come since the last time; all of it when a topic was deleted, or made again: its offsets mean other letters
   * then. What it answers is not taken away by another call.
   */
  async #look(): Promise<Seen> {
    const ids = await this.#options.reader.topicIds();
    const isOther = (topic: string): boolean => ids.get(topic) !== this.#seen.ids.get(topic);
    if (this.#options.topics.some(isOther)) this.#seen = nothingSeen(ids);
    const seen = this.#seen;
    for (const topic of this.#options.topics) {
      const ends = await this.#options.reader.settledEnds(topic);
      for (const [partition, end] of ends.entries()) await this.#read(seen, topic, partition, end);
    }
    return seen;
  }

  async #read({ next, newest }: Seen, topic: string, partition: number, end: bigint): Promise<void> {
    const { reader, routing } = this.#options;
    const places = next.get(topic) ?? [];
    next.set(topic, places);
    const known = places[partition] ?? 0n;
    if (known >= end) return;
    const { next: read } = await reader.firstRecord(topic, partition, known, (record) => {
      const letter = parseDeadLetter(record, routing);
      if (letter !== null) note(newest, letter);
      return false;
    });
    places[partition] = read;
  }
}

function note(newest: Map<string, Sequence>, letter: DeadLetter): void {
  const name = nameOf(letter);
  const at = refusedAt(letter);
  if ((newest.get(name) ?? '') < at) newest.set(name, at);
}

/** The sequence of the refused change: where its record does not tell, above all others. */
function refusedAt({ sequence }: DeadLetter): Sequence {
  return sequence === '' ? '9'.repeat(19) : sequence;
}

function nameOf({ topic, partition }: TopicPartition): string {
  return partitionName(topic, partition);
}

function nothingSeen(ids: ReadonlyMap<string, string>): Seen {
  return { ids, next: new Map(), newest: new Map() };
}
