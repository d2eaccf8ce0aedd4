import {
  checkpointsTopic,
  FILE_MAX,
  formatSequence,
  GENERATION_ID_HEADER,
  OFFSET_MAX,
  parseSequence,
  viewCheckpoint,
  type CheckpointView,
  type Sequence,
} from '@sluice/envelope';
import {
  partitionName,
  type ConsumedBatch,
  type TopicPartition,
  type TopicReader,
  type TopicRecord,
} from '@sluice/kafka';
import { PipelineError } from '@sluice/runtime';
import type { Entry } from './decode.ts';
import type { GenerationStore } from './sink.ts';
import { StoreGeneration } from './store-generation.ts';

/** Binlog files that a record may be ahead of the checkpoint: so many are in reach of one that was restored. */
const FILES_AHEAD = 100;

/** `wait`: capture may have published it, and has not yet told by a checkpoint. */
export type BoundVerdict = 'published' | 'wait' | 'ahead';

/**
 * How far capture has published, by its checkpoints: each is in the Kafka transaction of the rows that it covers, and a generation has
 * one before its first row. A record beyond is none of capture's. It may not reach a store: every true change after it would be
 * called stale there, and older generations than its own diverged.
 */
export class PublishedBound {
  readonly #reader: Pick<TopicReader, 'newestRecord'>;
  readonly #topic: string;
  readonly #pipeline: string;
  readonly #generation: StoreGeneration;
  #known: Sequence = '';
  /** The furthest sequence that a row may have by what is known. */
  #limit: Sequence = '';
  /** The furthest of a control record: one too far takes a table's rows away, and makes all true changes up to it stale. */
  #orders: Sequence = '';
  /** By partition: the record that was last in question, and the newest checkpoint when it was first seen. */
  readonly #waiting = new Map<string, { readonly offset: bigint; readonly checkpoint: bigint }>();
  /** By partition: the last record that was found to be ahead. */
  readonly #ahead = new Map<string, bigint>();

  /** @param store where the newest generation is kept; absent where the store keeps none */
  constructor(
    reader: Pick<TopicReader, 'newestRecord'>,
    prefix: string,
    pipeline: string,
    store?: GenerationStore,
  ) {
    this.#reader = reader;
    this.#topic = checkpointsTopic(prefix);
    this.#pipeline = pipeline;
    this.#generation = new StoreGeneration(store);
  }

  /** The partitions were assigned again, maybe of topics that were made again: the next record is looked up. */
  forget(): void {
    this.#known = '';
    this.#limit = '';
    this.#orders = '';
    this.#waiting.clear();
    this.#ahead.clear();
  }

  /**
   * False when the record has to be looked up by `look` first. For each record: one comparison of texts.
   * @param isOrder whether it is a control record, which is looked up wherever a checkpoint does not cover it
   */
  isWithin(sequence: Sequence, isOrder = false): boolean {
    return sequence <= (isOrder ? this.#orders : this.#limit);
  }

  isAhead({ topic, partition }: TopicPartition, offset: bigint): boolean {
    return this.#ahead.get(partitionName(topic, partition)) === offset;
  }

  /**
   * Reads the newest checkpoint. A record that it does not cover waits for the next one, because Kafka may show a transaction in one
   * partition earlier than in another; transactions of capture follow each other, so the next one tells.
   * @throws PipelineError when Kafka or the store does not answer, the right to read checkpoints is missing, or STORE_AHEAD
   */
  async look(where: TopicPartition, { offset, sequence, isOrder }: Unsure): Promise<BoundVerdict> {
    const newest = await this.#generation.follow(() => this.#read());
    if (newest === null) {
      // The topic was lost, and capture says so: nothing is known that this record could be held against.
      this.#limit = reachOf(sequence);
      this.#orders = sequence;
      return 'published';
    }
    if (newest.bound > this.#known) this.#known = newest.bound;
    this.#limit = reachOf(this.#known);
    this.#orders = this.#known;
    const place = partitionName(where.topic, where.partition);
    if (this.isWithin(sequence, isOrder)) {
      this.#waiting.delete(place);
      return 'published';
    }
    const before = this.#waiting.get(place);
    if (before?.offset !== offset) {
      this.#waiting.set(place, { offset, checkpoint: newest.offset });
      return 'wait';
    }
    if (newest.offset <= before.checkpoint) return 'wait';
    this.#ahead.set(place, offset);
    return 'ahead';
  }

  /** Null for a record that is to be given to the store out of turn, and RECORD_AHEAD where capture has not come so far. Throws as `look`. */
  async refusal({ sequence, isOrder }: Omit<Unsure, 'offset'>): Promise<PipelineError | null> {
    const newest = await this.#generation.follow(() => this.#read());
    if (newest === null) return null;
    return sequence <= (isOrder ? newest.bound : reachOf(newest.bound)) ? null : ahead(sequence);
  }

  async #read(): Promise<(CheckpointView & { readonly offset: bigint }) | null> {
    const newest = await this.#reader.newestRecord(this.#topic, this.#pipeline);
    if (newest === null || newest.value === null) return null;
    const view = viewCheckpoint(newest.value, idOf(newest));
    return view === null ? null : { ...view, offset: newest.offset };
  }
}

function idOf({ headers }: TopicRecord): string | null {
  return headers.get(GENERATION_ID_HEADER)?.toString('utf8') ?? null;
}

function reachOf(sequence: Sequence): Sequence {
  const { generation, file } = parseSequence(sequence);
  return formatSequence(generation, Math.min(file + FILES_AHEAD, FILE_MAX), OFFSET_MAX);
}

/** A record that has to be looked up before it and what follows it is handled. */
export interface Unsure {
  readonly offset: bigint;
  readonly sequence: Sequence;
  /** Whether it is a control record. */
  readonly isOrder: boolean;
}

/** Entries up to the first that has to be looked up, of which `stop` is told; one that is ahead is poison. */
export function* publishedEntries(
  entries: Iterable<Entry>,
  { topic, partition, records }: ConsumedBatch,
  bound: Pick<PublishedBound, 'isWithin' | 'isAhead'>,
  stop: (unsure: Unsure) => void,
): Generator<Entry> {
  for (const entry of entries) {
    if (entry.kind !== 'row' && entry.kind !== 'control') {
      yield entry;
      continue;
    }
    const { offset, next, envelope } = entry.delivery;
    const { sequence } = envelope.payload;
    const isOrder = entry.kind === 'control';
    if (bound.isWithin(sequence, isOrder)) {
      yield entry;
      continue;
    }
    const record = records.find((one) => one.offset === offset);
    if (record !== undefined && bound.isAhead({ topic, partition }, offset))
      yield { kind: 'poison', next, record, error: ahead(sequence) };
    else return stop({ offset, sequence, isOrder });
  }
}

function ahead(sequence: Sequence): PipelineError {
  return new PipelineError(
    'RECORD_AHEAD',
    `its sequence ${sequence} is ahead of all that capture has published`,
    {
      context: { sequence },
    },
  );
}
