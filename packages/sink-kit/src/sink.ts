import type { Envelope, Generation, RowEnvelope, Sequence } from '@sluice/envelope';
import type { PipelineError } from '@sluice/runtime';

/** One record of a topic, decoded. `key` is the record key's exact text: the identity of the row in its topic. */
export interface Delivery {
  readonly topic: string;
  readonly partition: number;
  /** Kafka offset of the record. */
  readonly offset: bigint;
  /** Offset to go on at when this record and all before it have their outcome: behind what carries no record. */
  readonly next: bigint;
  /** Text of the Kafka record key, e.g. `{"id":42}`; in a topic of several tables `{"$table":"orders","id":42}`. */
  readonly key: string;
  /** The key columns' part of it, e.g. `{"id":42}`: the identity of the row in its table. Of a control record the same as `key`. */
  readonly rowKey: string;
  readonly envelope: Envelope;
  /**
   * The record's bytes. `exactAfter(value)` gives the row's JSON as capture wrote it: numbers inside JSON columns may have
   * more digits than the parsed `envelope` can hold.
   */
  readonly value: Uint8Array;
  /** The trace that the change is part of (W3C Trace Context), as the record's header says; absent where it says none. */
  readonly traceparent?: string | undefined;
}

/** What became of one delivery. `stale` is a success: the store already holds this change or a newer one. */
export type Outcome =
  | { readonly kind: 'applied' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'failed'; readonly error: PipelineError };

/**
 * Progress that lives in the store itself, inside the transaction of the rows (SQL sinks).
 * The consumer group then only mirrors it, for lag displays. A write that finds another offset stored than this process has
 * read or stored throws TARGET_OFFSET_MOVED: the kit reads it again and continues there.
 */
export interface OffsetStore {
  /** The next offset to read, or null when this partition was never stored. */
  read(topic: string, partition: number): Promise<bigint | null>;
  /** Kafka's id of the topic that the stored offset is a place of; null where none was kept. */
  topicId(topic: string, partition: number): Promise<string | null>;
  /** Keeps the topic's id. An offset of another topic of this name is forgotten: that one was deleted, and made again. */
  keepTopicId(topic: string, partition: number, topicId: string): Promise<void>;
  /** Moves the stored offset past records that needed no write (dead-lettered, superseded). */
  advance(topic: string, partition: number, nextOffset: bigint): Promise<void>;
  /** Stores another offset without a topic's id, for an operator's rewind; reading begins there at the next assignment. */
  set(topic: string, partition: number, nextOffset: bigint): Promise<void>;
}

/** The newest generation whose changes the store has, for the topics of this prefix: every process of every sink on it reads the same. */
export interface GenerationStore {
  /** Null where none was kept. */
  read(): Promise<Generation | null>;
  /** Resolves when it stands in the store, in the place of the one before. */
  keep(generation: Generation): Promise<void>;
}

/**
 * `replay`: an old record that an operator sends again; it passes every guard and moves no stored offset. `repair`: a row as it was read
 * again, or that it is gone, with a sequence at which all was read; it passes every guard as well (see `winsTie`) and moves no stored offset.
 */
export type Purpose = 'stream' | 'replay' | 'repair';

/**
 * Whether a row is applied over one of the same sequence. One that was read is, when all of that sequence was to be seen: so is a snapshot's,
 * and a repair's, which may also be gone. One of the stream is the same change again.
 */
export function winsTie({ payload }: RowEnvelope, purpose: Purpose): boolean {
  return purpose === 'repair' || payload.operation === 'SNAPSHOT';
}

/**
 * A store kept equal to the source. Everything between a topic and these five methods is the kit's:
 * decoding, coalescing, retry, breaker, dead letters, commits.
 */
export interface Sink {
  /** Connects and checks the store; throws a fatal PipelineError when only a person can fix it. */
  open(signal: AbortSignal): Promise<void>;
  /**
   * After `open`. Where the store has lost its rows and an operator has said that it is to be filled again: calls
   * `note`, which resolves when that is known for good, before it takes the store for one that is whole.
   */
  refill?(note: () => Promise<void>): Promise<void>;
  /**
   * Applies a batch of one partition: row envelopes with no key twice, or exactly one control envelope.
   * Resolves to one outcome per delivery, in the same order.
   * A throw means that the store did not answer: nothing is dead-lettered and the whole batch comes again.
   * Without `purpose` it is the stream's. When a record is refused and the store does not say which, every delivery is `failed`: the kit halves.
   */
  write(batch: readonly Delivery[], signal: AbortSignal, purpose?: Purpose): Promise<readonly Outcome[]>;
  /**
   * Rows that are in the source, although their newest changes were refused: each of these keys (the text of its key columns) that
   * the store has a row of counts as written at `since`, with the values that it has. What is newer stays as it is, a row that
   * is not there is not made. Safe to repeat. Throws as `write`.
   *
   * @param end the control record that tells which table
   */
  keep(end: Delivery, keys: readonly string[], since: Sequence, signal: AbortSignal): Promise<void>;
  /**
   * Forgets the deletes that this store has applied before `before`: nothing older than them can come any more. Resolves to
   * how many. Absent where the store forgets by itself.
   */
  purge?(before: Date, signal: AbortSignal): Promise<number>;
  /** A pause by an operator has ended: what this process knows of the places that it writes to may be old. */
  resumed?(): void;
  /** Asked for every minute: removes what a rebuild has replaced, and whose time is over. Resolves to its tables, as `database.table`. */
  removeKept?(nowMs: number): Promise<readonly string[]>;
  /** Resolves when the store answers; throws otherwise. */
  ping(): Promise<void>;
  /**
   * Asked for every minute. Throws an error of class `schema` that names what this process has written to and the store has no
   * more, with what brings it back: nothing else tells of a table that no change comes for.
   */
  look?(): Promise<void>;
  close(): Promise<void>;
  readonly offsets?: OffsetStore;
  /** Without it nothing tells a capture that begins below what the store has. */
  readonly generations?: GenerationStore;
}
