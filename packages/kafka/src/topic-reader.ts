import type { RecordsBatch } from '@platformatic/kafka';
import { PipelineError, whenAborted, type KafkaConfig } from '@sluice/runtime';
import { boundLibrary } from './bounded-codecs.ts';
import { BrokerConnections } from './broker-connections.ts';
import { Cluster } from './cluster.ts';
import { commitDelays } from './commit-delays.ts';
import type { TopicRecord } from './committed-records.ts';
import { errorOfCode, toPipelineError } from './errors.ts';
import { PartitionReader } from './partition-reader.ts';
import { LEADER_NOT_AVAILABLE } from './protocol/error-codes.ts';
import { RecoveryWindow } from './recovery-window.ts';
import { FIRST_LOOK, TopicRanges, type SealedTopics } from './topic-ranges.ts';

export interface TopicReaderOptions {
  readonly kafka: KafkaConfig;
  readonly signal: AbortSignal;
  /** Milliseconds that one call outlives outages for. Default 90,000. */
  readonly recoveryMs?: number;
  /** What is believed with a seal alone. Default: every record is believed. */
  readonly sealed?: SealedTopics;
}

const DEFAULT_RECOVERY_MS = 90_000;
const CONNECTION_TIMES = { connectTimeoutMs: 5_000, requestTimeoutMs: 30_000 };
/**
 * Reads topics without a consumer group, read_committed: the newest record from the end backwards, or everything up to the
 * present end. Offsets have holes (transaction markers, aborted records, compaction), so nothing here counts on "end − 1".
 */
export class TopicReader {
  readonly #signal: AbortSignal;
  readonly #recoveryMs: number;
  readonly #connections: BrokerConnections;
  readonly #cluster: Cluster;
  readonly #reader: PartitionReader;
  readonly #ranges: TopicRanges;

  constructor(options: TopicReaderOptions) {
    boundLibrary();
    this.#signal = options.signal;
    this.#recoveryMs = options.recoveryMs ?? DEFAULT_RECOVERY_MS;
    this.#connections = new BrokerConnections(options.kafka, CONNECTION_TIMES);
    this.#cluster = new Cluster(this.#connections, options.kafka);
    this.#reader = new PartitionReader(this.#cluster, this.#connections);
    this.#ranges = new TopicRanges(this.#reader, () => this.#window(), options.sealed);
  }

  /** The newest record that `accept` takes, or null: none in this partition, or no such topic. */
  async readTail(
    topic: string,
    partition: number,
    accept: (record: TopicRecord) => boolean = () => true,
  ): Promise<TopicRecord | null> {
    return this.#guarded(async (window) => {
      if ((await this.#partitions(topic, window)) <= partition) return null;
      return this.#ranges.newest(topic, partition, accept, window);
    });
  }

  /** The newest record with this key in a topic of one partition (the checkpoint topic). */
  async newestRecord(topic: string, key: string): Promise<TopicRecord | null> {
    return this.readTail(topic, 0, (record) => record.key?.toString('utf8') === key);
  }

  /** The newest record of every partition, null for one without records; empty when there is no such topic. */
  async lastRecordOfEachPartition(topic: string): Promise<(TopicRecord | null)[]> {
    return this.#guarded(async (window) => {
      const partitions = await this.#partitions(topic, window);
      return Promise.all(
        Array.from({ length: partitions }, (_, partition) =>
          this.#ranges.newest(topic, partition, () => true, window),
        ),
      );
    });
  }

  /** Of the newest transactions in the first partition; none when there is none, or no such topic. See `commitDelays`. */
  async commitDelays(topic: string): Promise<readonly number[]> {
    return this.#guarded(async (window) => {
      if ((await this.#partitions(topic, window)) === 0) return [];
      const { start, end } = await this.#reader.bounds(topic, 0, window);
      const from = end - FIRST_LOOK < start ? start : end - FIRST_LOOK;
      const all: RecordsBatch[] = [];
      for (let offset = from; offset < end;) {
        const { batches } = await this.#reader.batches(topic, 0, offset, window);
        const last = batches.at(-1);
        // No end: the broker may answer before it has read what is there.
        if (last === undefined) {
          const message = `read ${topic}/0: Kafka has offsets up to ${end}, and sends nothing from ${offset} on`;
          await window.again(new PipelineError('KAFKA_UNREACHABLE', message));
        } else {
          all.push(...batches);
          offset = last.firstOffset + BigInt(last.lastOffsetDelta) + 1n;
        }
      }
      return commitDelays(all);
    });
  }

  /** Whether nothing was ever published to this topic: its first offsets are there, and none of them is a committed record's. */
  async isUnused(topic: string): Promise<boolean> {
    return this.#guarded(async (window) => {
      if ((await this.#partitions(topic, window)) === 0) return false;
      const { start, end } = await this.#reader.bounds(topic, 0, window);
      if (start > 0n || end > FIRST_LOOK) return false;
      return (await this.#ranges.newest(topic, 0, () => true, window)) === null;
    });
  }

  /** The record at this offset; null when there is none (any more). */
  async readRecord(topic: string, partition: number, offset: bigint): Promise<TopicRecord | null> {
    return this.#guarded(async (window) => {
      if ((await this.#partitions(topic, window)) <= partition) return null;
      const { start, end } = await this.#reader.bounds(topic, partition, window);
      if (offset < start || offset >= end) return null;
      const { records } = await this.#reader.fetch(topic, partition, offset, window);
      return records.find((record) => record.offset === offset) ?? null;
    });
  }

  /**
   * The first record from `from` on that `accept` takes, or null when there is none up to the present end; and the offset to
   * look on at.
   */
  async firstRecord(
    topic: string,
    partition: number,
    from: bigint,
    accept: (record: TopicRecord) => boolean,
  ): Promise<{ readonly record: TopicRecord | null; readonly next: bigint }> {
    return this.#guarded(async (window) => {
      if ((await this.#partitions(topic, window)) <= partition) return { record: null, next: from };
      const { start, end } = await this.#reader.bounds(topic, partition, window);
      let offset = from < start ? start : from;
      while (offset < end) {
        const { records, next } = await this.#reader.fetchNext(topic, partition, offset, this.#window());
        const record = records.find(accept);
        if (record !== undefined) return { record, next: record.offset + 1n };
        offset = next;
      }
      return { record: null, next: offset };
    });
  }

  /**
   * Calls `onRecord` for every record from `fromOffset` (one for all partitions, or asked for each; default: the oldest) to
   * the end as it was when the call began; partitions one after the other. Answers the number of records; 0 when there is
   * no such topic.
   */
  async readTopic(
    topic: string,
    { fromOffset }: { readonly fromOffset?: bigint | ((partition: number) => bigint) },
    onRecord: (record: TopicRecord) => void,
  ): Promise<number> {
    return this.#guarded(async (window) => {
      const partitions = await this.#partitions(topic, window);
      let count = 0;
      for (let partition = 0; partition < partitions; partition++) {
        const { start, end } = await this.#reader.bounds(topic, partition, window);
        const wanted = typeof fromOffset === 'function' ? fromOffset(partition) : (fromOffset ?? start);
        count += await this.#ranges.read(topic, partition, wanted < start ? start : wanted, end, onRecord);
      }
      return count;
    });
  }

  /**
   * Of each partition the offset behind all that it holds when this is called; empty when there is no such topic. Resolves when
   * every transaction that began below has ended: then a read misses nothing of what they have committed. Throws
   * KAFKA_TRANSACTION_OPEN when one of them outlives `recoveryMs`.
   */
  async settledEnds(topic: string): Promise<readonly bigint[]> {
    return this.#guarded(async (window) => {
      const partitions = await this.#partitions(topic, window);
      const ends: bigint[] = [];
      for (let partition = 0; partition < partitions; partition++)
        ends.push(await this.#ranges.settledEnd(topic, partition, window));
      return ends;
    });
  }

  /**
   * The records of a partition from the newest that `isBegin` takes on, oldest first, each read once; all of them when it takes
   * none, and none when there is no such topic. `next` is the offset to read on from.
   */
  async readSince(
    topic: string,
    partition: number,
    isBegin: (record: TopicRecord) => boolean,
  ): Promise<{ readonly records: readonly TopicRecord[]; readonly next: bigint }> {
    return this.#guarded(async (window) => {
      if ((await this.#partitions(topic, window)) <= partition) return { records: [], next: 0n };
      return this.#ranges.since(topic, partition, isBegin, window);
    });
  }

  /** Names of all topics that this user may see. */
  async topicNames(): Promise<string[]> {
    return [...(await this.topicIds()).keys()];
  }

  /** All topics that this user may see, by name, with their ids: one that was deleted and made again has another. */
  async topicIds(): Promise<ReadonlyMap<string, string>> {
    return this.#guarded(() => this.#cluster.topicIds());
  }

  close(): void {
    this.#connections.destroy();
  }

  async #partitions(topic: string, window: RecoveryWindow): Promise<number> {
    for (;;) {
      try {
        await this.#cluster.refresh([topic]);
        const count = this.#cluster.partitionCount(topic);
        if (count !== undefined) return count;
        throw errorOfCode(LEADER_NOT_AVAILABLE, `look for topic ${topic}`);
      } catch (error) {
        const translated = toPipelineError(error, `look for topic ${topic}`);
        if (translated.errorClass === 'fatal') throw translated;
        await window.again(translated);
      }
    }
  }

  #window(): RecoveryWindow {
    return new RecoveryWindow(this.#recoveryMs, this.#signal);
  }

  async #guarded<T>(work: (window: RecoveryWindow) => Promise<T>): Promise<T> {
    this.#signal.throwIfAborted();
    const forget = whenAborted(this.#signal, () => this.#connections.destroy());
    try {
      return await work(this.#window());
    } catch (error) {
      this.#signal.throwIfAborted();
      throw toPipelineError(error, 'read from Kafka');
    } finally {
      forget();
    }
  }
}
