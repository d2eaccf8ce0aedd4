import { fetchV11, listOffsetsV6, type Connection, type RecordsBatch } from '@platformatic/kafka';
import { PipelineError } from '@sluice/runtime';
import type { Cluster } from './cluster.ts';
import type { BrokerConnections } from './broker-connections.ts';
import { committedRecords, type AbortedTransaction, type TopicRecord } from './committed-records.ts';
import { errorOfCode, findProtocolCode, toPipelineError } from './errors.ts';
import { LEADER_NOT_AVAILABLE, OFFSET_OUT_OF_RANGE } from './protocol/error-codes.ts';
import type { RecoveryWindow } from './recovery-window.ts';

export interface PartitionBounds {
  /** Offset of the oldest record that is still there. */
  readonly start: bigint;
  /** Offset after the last one that no open transaction holds back (the last stable offset). */
  readonly end: bigint;
}

export interface FetchedRecords {
  readonly records: readonly TopicRecord[];
  /** Offset to read on from: behind the last batch, whether it had records to show or not. */
  readonly next: bigint;
}

/** Whole batches of a log, and the transactions among them that were aborted. */
export interface FetchedBatches {
  readonly batches: readonly RecordsBatch[];
  readonly aborted: readonly AbortedTransaction[];
}

type FetchResponse = Awaited<ReturnType<typeof fetchV11.api.async>>;

const READ_UNCOMMITTED = 0;
const READ_COMMITTED = 1;
const TIMESTAMP_LATEST = -1n;
const TIMESTAMP_EARLIEST = -2n;
const NO_EPOCH = -1;
const CONSUMER = -1;
const FETCH_BYTES = 1024 * 1024;
const FETCH_WAIT_MS = 100;

/** Reads ranges of one partition, read_committed, from its leader; leader changes are followed. */
export class PartitionReader {
  readonly #cluster: Cluster;
  readonly #connections: BrokerConnections;

  constructor(cluster: Cluster, connections: BrokerConnections) {
    this.#cluster = cluster;
    this.#connections = connections;
  }

  async bounds(topic: string, partition: number, window: RecoveryWindow): Promise<PartitionBounds> {
    const start = await this.#offset(topic, partition, { timestamp: TIMESTAMP_EARLIEST }, window);
    const end = await this.#offset(topic, partition, { timestamp: TIMESTAMP_LATEST }, window);
    return { start, end };
  }

  /** Offset after the last record that all in-sync replicas have, those of open transactions too. */
  async highWatermark(topic: string, partition: number, window: RecoveryWindow): Promise<bigint> {
    const latest = { timestamp: TIMESTAMP_LATEST, isolation: READ_UNCOMMITTED };
    return this.#offset(topic, partition, latest, window);
  }

  /** The records from `offset` on, about a megabyte of them; none at the end. A batch is always read whole. */
  async fetch(
    topic: string,
    partition: number,
    offset: bigint,
    window: RecoveryWindow,
  ): Promise<FetchedRecords> {
    const { batches, aborted } = await this.batches(topic, partition, offset, window);
    return committedRecords(topic, partition, offset, batches, aborted);
  }

  /** What `fetch` makes its records of. */
  async batches(
    topic: string,
    partition: number,
    offset: bigint,
    window: RecoveryWindow,
  ): Promise<FetchedBatches> {
    return this.#fromLeader(topic, partition, window, async (connection) => {
      const response = await askForRecords(connection, topic, partition, offset);
      const found = response?.responses[0]?.partitions[0];
      return { batches: found?.records ?? [], aborted: found?.abortedTransactions ?? [] };
    });
  }

  /**
   * As `fetch`, of an offset that was below the end: a batch stands there, or behind it where compaction or retention took records
   * away. An answer without one is no end, and asked for again. Throws KAFKA_TOPIC_MISSING when the end has moved back: what is
   * waited for was in an earlier topic of the name.
   */
  async fetchNext(
    topic: string,
    partition: number,
    offset: bigint,
    window: RecoveryWindow,
  ): Promise<FetchedRecords> {
    for (let from = offset; ;) {
      const fetched = await this.fetch(topic, partition, from, window);
      if (fetched.next > from) return fetched;
      const { start, end } = await this.bounds(topic, partition, window);
      if (end <= offset) throw madeAgain(topic, partition, offset, end);
      if (start >= end) return { records: [], next: end };
      const place = `read ${topic}/${partition}: Kafka has offsets up to ${end}, and sends nothing from ${from} on`;
      await window.again(new PipelineError('KAFKA_UNREACHABLE', place));
      if (start > from) from = start;
    }
  }

  async #offset(
    topic: string,
    partition: number,
    { timestamp, isolation = READ_COMMITTED }: { readonly timestamp: bigint; readonly isolation?: number },
    window: RecoveryWindow,
  ): Promise<bigint> {
    return this.#fromLeader(topic, partition, window, async (connection) => {
      const partitions = [{ partitionIndex: partition, currentLeaderEpoch: NO_EPOCH, timestamp }];
      const answer = await listOffsetsV6.api.async(connection, CONSUMER, isolation, [
        { name: topic, partitions },
      ]);
      const offset = answer.topics[0]?.partitions[0]?.offset;
      if (offset === undefined)
        throw errorOfCode(LEADER_NOT_AVAILABLE, `list offsets of ${topic}/${partition}`);
      return offset;
    });
  }

  async #fromLeader<T>(
    topic: string,
    partition: number,
    window: RecoveryWindow,
    ask: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    const doing = `read ${topic}/${partition}`;
    for (;;) {
      try {
        const leader = this.#cluster.leaderOf(topic, partition);
        if (leader === undefined) throw errorOfCode(LEADER_NOT_AVAILABLE, doing);
        return await ask(await this.#connections.to(leader));
      } catch (error) {
        window.signal.throwIfAborted();
        const translated = toPipelineError(error, doing);
        if (translated.errorClass === 'fatal') throw translated;
        await window.again(translated);
        await this.#cluster.refresh([topic]).catch(() => {}); // the next try says what is wrong
      }
    }
  }
}

/** Null where the offset is none of the topic: retention has taken it away, or it was one of an earlier topic of the name. */
async function askForRecords(
  connection: Connection,
  topic: string,
  partition: number,
  offset: bigint,
): Promise<FetchResponse | null> {
  const topics = [{ topicId: topic, partitions: [fetchPartition(partition, offset)] }];
  try {
    return await fetchV11.api.async(
      connection,
      FETCH_WAIT_MS,
      0,
      FETCH_BYTES,
      READ_COMMITTED,
      0,
      NO_EPOCH,
      topics,
      [],
      '',
    );
  } catch (error) {
    if (findProtocolCode(error) !== OFFSET_OUT_OF_RANGE) throw error;
    return null;
  }
}

function madeAgain(topic: string, partition: number, offset: bigint, end: bigint): PipelineError {
  const message = `read ${topic}/${partition}: Kafka has offsets up to ${end} and had more than ${offset}`;
  return new PipelineError('KAFKA_TOPIC_MISSING', `${message}: the topic was deleted and made again`);
}

function fetchPartition(
  partition: number,
  fetchOffset: bigint,
): {
  partition: number;
  currentLeaderEpoch: number;
  fetchOffset: bigint;
  lastFetchedEpoch: number;
  partitionMaxBytes: number;
} {
  return {
    partition,
    currentLeaderEpoch: NO_EPOCH,
    fetchOffset,
    lastFetchedEpoch: NO_EPOCH,
    partitionMaxBytes: FETCH_BYTES,
  };
}
