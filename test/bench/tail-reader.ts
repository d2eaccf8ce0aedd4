import { Connection, fetchV11 } from '@platformatic/kafka';
import type { BenchPipeline } from './bench-pipeline.ts';

const READ_COMMITTED = 1;
const CONTROL_BIT = 0x20;
const NO_EPOCH = -1;
const MAX_BYTES = 1024 * 1024;
/** The broker answers as soon as there is anything, at the latest after this. */
const WAIT_MS = 500;
const MIN_BYTES = 1;

/**
 * Follows the end of a topic with fetch requests of its own, read_committed: a group, a poll loop and its timers would be
 * part of what is measured. For the local stack's single broker, whose transactions do not abort.
 */
export class TailReader {
  readonly #connection: Connection;
  readonly #next: bigint[];
  readonly #topic: string;
  readonly #onKey: (key: string) => void;
  readonly #ended: Promise<void>;
  #closed = false;

  /** @param onKey called with the key of each record, at once */
  static async open(pipeline: BenchPipeline, onKey: (key: string) => void): Promise<TailReader> {
    const [broker = ''] = pipeline.brokers;
    const at = broker.lastIndexOf(':');
    const connection = new Connection('sluice-bench', { connectTimeout: 5000 });
    await connection.connect(broker.slice(0, at), Number(broker.slice(at + 1)));
    const offsets = await pipeline.admin.fetchTopicOffsets(pipeline.topic);
    const next: bigint[] = [];
    for (const { partition, offset } of offsets) next[partition] = BigInt(offset);
    return new TailReader(connection, pipeline.topic, next, onKey);
  }

  private constructor(connection: Connection, topic: string, next: bigint[], onKey: (key: string) => void) {
    this.#connection = connection;
    this.#topic = topic;
    this.#next = next;
    this.#onKey = onKey;
    this.#ended = this.#follow();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#ended;
    await this.#connection.close();
  }

  async #follow(): Promise<void> {
    while (!this.#closed) {
      const partitions = this.#next.map((fetchOffset, partition) => ({
        partition,
        fetchOffset,
        currentLeaderEpoch: NO_EPOCH,
        lastFetchedEpoch: NO_EPOCH,
        partitionMaxBytes: MAX_BYTES,
      }));
      const response = await fetchV11.api.async(
        this.#connection,
        WAIT_MS,
        MIN_BYTES,
        MAX_BYTES,
        READ_COMMITTED,
        0,
        NO_EPOCH,
        [{ topicId: this.#topic, partitions }],
        [],
        '',
      );
      for (const { partitionIndex, records } of response.responses[0]?.partitions ?? []) {
        for (const batch of records ?? []) this.#take(partitionIndex, batch);
      }
    }
  }

  #take(partition: number, batch: Batch): void {
    const from = this.#next[partition] ?? 0n;
    this.#next[partition] = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n;
    if ((batch.attributes & CONTROL_BIT) !== 0) return;
    for (const { key, offsetDelta } of batch.records) {
      if (batch.firstOffset + BigInt(offsetDelta) >= from) this.#onKey(String(key));
    }
  }
}

type Response = Awaited<ReturnType<typeof fetchV11.api.async>>;
type Batch = NonNullable<Response['responses'][number]['partitions'][number]['records']>[number];
