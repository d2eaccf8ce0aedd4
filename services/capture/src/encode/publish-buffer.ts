import { ByteWriter } from '@sluice/binlog';
import { RecordBatchBuilder, type RecordSeals, type TopicBatch } from '@sluice/kafka';

/** A record batch being filled, and the bytes it is filled with. */
export interface PartitionBatch {
  readonly out: ByteWriter;
  readonly records: RecordBatchBuilder;
}

/** A batch takes no further record from this share of `max.message.bytes` on: so most are cut without writing one twice. */
const CUT_SHARE = 0.85;
/** The end of a record, and what a tombstone adds to it (bytes). */
const MARGIN_BYTES = 1024;
/** Of a Kafka transaction: further ones are records with a header, and have no span of capture. */
const TRACES_MAX = 10_000;
/** Numbers that tell one end of a batch. */
const ENDS_WIDTH = 4;
/** Bytes kept for reuse; what is above goes back to the heap. */
const POOLED_BYTES_MAX = 64 * 1024 * 1024;
/** Where a batch begins; it grows with its records. Small, as there may be one for each of a thousand tables. */
const WRITER_BYTES = 4 * 1024;

/** Finished batches give their memory back here: two buffers take turns, so the pool stays small. */
export class BatchPool {
  readonly #free: PartitionBatch[] = [];
  #freeBytes = 0;

  take(): PartitionBatch {
    const pooled = this.#free.pop();
    if (pooled !== undefined) {
      this.#freeBytes -= pooled.out.bytes.length;
      return pooled;
    }
    const out = new ByteWriter(WRITER_BYTES);
    return { out, records: new RecordBatchBuilder(out) };
  }

  give(batch: PartitionBatch): void {
    const { length } = batch.out.bytes;
    if (this.#freeBytes + length > POOLED_BYTES_MAX) return;
    batch.records.reset();
    this.#free.push(batch);
    this.#freeBytes += length;
  }
}

interface PendingBatch extends TopicBatch {
  readonly memory: PartitionBatch;
  compressed: Promise<Buffer> | undefined;
  /** The mark behind which it was begun. */
  readonly begunAt: number;
  /** The newest mark behind which it has got records. */
  mark: number;
  /** Its ends at marks since which it has grown, oldest first: four numbers each (mark, records, bytes, newest timestamp). */
  readonly ends: number[];
  /** How many of these numbers count. */
  endsLength: number;
}

/** A place in the buffer, which `undo` goes back to. Filled by `note`, so that one object serves many transactions. */
export interface BufferMark {
  mark: number;
  rows: number;
}

/** Records of one trace in one topic. */
export interface RecordTrace {
  readonly traceparent: string;
  readonly topic: string;
  /** Milliseconds since 1970: when capture read the first of them. */
  readonly capturedAt: number;
  /** The newest mark behind which it has got records. */
  readonly mark: number;
  records: number;
}

interface TopicSlot {
  readonly topic: string;
  readonly open: (PendingBatch | undefined)[];
}

/** The records of the next Kafka transaction: one open record batch per partition, full ones set aside. */
export class PublishBuffer {
  readonly #pool: BatchPool;
  readonly #cutBytes: number;
  readonly #topics = new Map<string, TopicSlot>();
  /** Rows of one topic come in runs. */
  #latest: TopicSlot | null = null;
  #batches: PendingBatch[] = [];
  #mark = 0;
  /** The newest mark that ends of batches are kept for no longer. */
  #forgotten = 0;
  readonly #compress: (batch: RecordBatchBuilder) => Promise<Buffer>;
  /** Bytes that a batch of more than one record must not exceed: even uncompressed it is accepted then. */
  readonly maxBatchBytes: number;
  /** Of records that give orders; null where they have none. */
  readonly seals: RecordSeals | null;
  /** Row records in the buffer. */
  rows = 0;
  /** From which traces they come, one for each topic and group of records; at most `TRACES_MAX`. */
  #traces = new Map<string, RecordTrace>();

  /**
   * @param maxMessageBytes the topics' `max.message.bytes`
   * @param compress begun for each batch as soon as it is full, so that little is left to do when the buffer is published
   */
  constructor(
    pool: BatchPool,
    maxMessageBytes: number,
    compress: (batch: RecordBatchBuilder) => Promise<Buffer>,
    seals: RecordSeals | null = null,
  ) {
    this.seals = seals;
    this.#pool = pool;
    this.#compress = compress;
    this.#cutBytes = Math.floor(maxMessageBytes * CUT_SHARE);
    this.maxBatchBytes = maxMessageBytes - MARGIN_BYTES;
  }

  /** The batch to write the next record of this partition into. */
  partition(topic: string, partition: number): PartitionBatch {
    const open = this.#slotOf(topic).open[partition];
    if (open === undefined || open.batch.byteLength >= this.#cutBytes)
      return this.nextBatch(topic, partition);
    if (open.mark !== this.#mark) this.#noteEnd(open);
    return open.memory;
  }

  /** A new batch for this partition, behind the one that was written so far. */
  nextBatch(topic: string, partition: number): PartitionBatch {
    const slot = this.#slotOf(topic);
    this.#finish(slot.open[partition]);
    const memory = this.#pool.take();
    const mark = this.#mark;
    const batch = {
      topic,
      partition,
      batch: memory.records,
      memory,
      compressed: undefined,
      begunAt: mark,
      mark,
      ends: [],
      endsLength: 0,
    };
    slot.open[partition] = batch;
    this.#batches.push(batch);
    return memory;
  }

  /** Notes the place where the buffer ends now. @param isFirst that nothing is taken back beyond it any more */
  note(mark: BufferMark, isFirst: boolean): void {
    mark.mark = ++this.#mark;
    mark.rows = this.rows;
    if (isFirst) this.#forgotten = this.#mark - 1;
  }

  get traces(): readonly RecordTrace[] {
    return [...this.#traces.values()];
  }

  /** Notes that the record written last comes from this trace. @param capturedAt milliseconds since 1970 */
  noteTrace(traceparent: string, topic: string, capturedAt: number): void {
    const name = `${this.#mark} ${topic} ${traceparent}`;
    const known = this.#traces.get(name);
    if (known !== undefined) known.records++;
    else if (this.#traces.size < TRACES_MAX)
      this.#traces.set(name, { traceparent, topic, capturedAt, mark: this.#mark, records: 1 });
  }

  #noteEnd(open: PendingBatch): void {
    const { ends, batch } = open;
    // Written over, not emptied: that would give the memory back which the next group needs.
    if (open.mark <= this.#forgotten) open.endsLength = 0;
    open.mark = this.#mark;
    const at = open.endsLength;
    ends[at] = this.#mark;
    ends[at + 1] = batch.count;
    ends[at + 2] = batch.byteLength;
    ends[at + 3] = batch.maxTimestamp;
    open.endsLength = at + ENDS_WIDTH;
  }

  /** Takes back every record since the mark. False, and nothing is done, when some of them are no longer here. */
  undo({ mark, rows }: BufferMark): boolean {
    if (mark <= this.#forgotten) return false;
    this.#batches = this.#batches.filter((batch) => batch.begunAt < mark || !this.#drop(batch));
    for (const batch of this.#batches) cutToMark(batch, mark);
    this.rows = rows;
    for (const [name, trace] of this.#traces) if (trace.mark >= mark) this.#traces.delete(name);
    return true;
  }

  /** Memory that may still be read, to compress it, is not given back. */
  #drop({ topic, partition, memory, compressed }: PendingBatch): true {
    const { open } = this.#slotOf(topic);
    if (open[partition]?.memory === memory) open[partition] = undefined;
    if (compressed === undefined) this.#pool.give(memory);
    return true;
  }

  #finish(full: PendingBatch | undefined): void {
    if (full === undefined || full.batch.count === 0) return;
    full.compressed = this.#compress(full.batch);
    // Whoever publishes the batch sees the failure; one that is given up is nobody's.
    full.compressed.catch(() => undefined);
  }

  #slotOf(topic: string): TopicSlot {
    if (this.#latest?.topic === topic) return this.#latest;
    let slot = this.#topics.get(topic);
    if (slot === undefined) {
      slot = { topic, open: [] };
      this.#topics.set(topic, slot);
    }
    this.#latest = slot;
    return slot;
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  /** Bytes of records before compression. */
  get bytes(): number {
    let total = 0;
    for (const { batch } of this.#batches) total += batch.byteLength;
    return total;
  }

  /** In the order in which they were begun: batches of one partition follow each other. */
  get batches(): readonly TopicBatch[] {
    // One may be empty: its only row was too large for Kafka.
    return this.#batches.filter(({ batch }) => batch.count > 0);
  }

  /** Empties the buffer and gives its memory back; only after the batches were published or given up. */
  clear(): void {
    for (const { memory } of this.#batches) this.#pool.give(memory);
    this.#batches = [];
    this.#topics.clear();
    this.#latest = null;
    this.rows = 0;
    if (this.#traces.size > 0) this.#traces = new Map();
    this.#forgotten = this.#mark;
  }
}

function cutToMark(batch: PendingBatch, mark: number): void {
  const { ends, endsLength } = batch;
  for (let at = 0; at < endsLength; at += ENDS_WIDTH) {
    const [noted = 0, count = 0, bytes = 0, newest = 0] = ends.slice(at, at + ENDS_WIDTH);
    if (noted < mark) continue;
    batch.batch.cutTo(count, bytes, newest);
    batch.compressed = undefined;
    batch.mark = at === 0 ? batch.begunAt : (ends[at - ENDS_WIDTH] ?? 0);
    batch.endsLength = at;
    return;
  }
}
