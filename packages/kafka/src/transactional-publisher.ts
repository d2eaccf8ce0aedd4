import { PipelineError, type KafkaConfig, type Logger } from '@sluice/runtime';
import { BatchSender } from './batch-sender.ts';
import { BrokerConnections } from './broker-connections.ts';
import { Cluster } from './cluster.ts';
import { toPipelineError } from './errors.ts';
import type { ProduceEntry } from './protocol/produce-request.ts';
import type { TopicPartitions } from './protocol/transaction-requests.ts';
import type { RecordBatchBuilder } from './record-batch-builder.ts';
import {
  advanceSequence,
  compressRecords,
  finishBatch,
  recordsOf,
  type Compression,
  type ProducerIdentity,
} from './record-batch-wire.ts';
import { RecoveryWindow, type KafkaOutage } from './recovery-window.ts';
import { TransactionCoordinator } from './transaction-coordinator.ts';

export interface TopicBatch {
  readonly topic: string;
  readonly partition: number;
  readonly batch: RecordBatchBuilder;
  /** Its records as `compress` made them, when that was begun ahead of `publish`; nothing was added to the batch since. */
  readonly compressed?: Promise<Buffer> | undefined;
}

export interface PublisherOptions {
  readonly kafka: KafkaConfig;
  readonly transactionalId: string;
  readonly compression: Compression;
  readonly log: Logger;
  /** Milliseconds after which the coordinator aborts an open transaction by itself. Default 60,000. */
  readonly transactionTimeoutMs?: number;
  /** Milliseconds that one `fence` or `publish` outlives outages for. Default 90,000: more than a broker's restart. */
  readonly recoveryMs?: number;
  /** Bytes of one Produce request. Default 16 MiB, far below a broker's socket.request.max.bytes (100 MiB). */
  readonly maxRequestBytes?: number;
}

const DEFAULT_TRANSACTION_TIMEOUT_MS = 60_000;
const DEFAULT_RECOVERY_MS = 90_000;
/** For one answer of the coordinator. */
const OWNER_MS = 3_000;
const DEFAULT_MAX_REQUEST_BYTES = 16 * 1024 * 1024;
const CONNECTION_TIMES = { connectTimeoutMs: 5_000, requestTimeoutMs: 35_000 };

/**
 * Writes finished record batches in Kafka transactions (KIP-98), one at a time. Life: `fence()`, then `publish()` as often
 * as it succeeds. After any throw the object is dead: what was under way is aborted when the next one fences.
 */
export class TransactionalPublisher {
  readonly #kafka: KafkaConfig;
  readonly #log: Logger;
  readonly #transactionalId: string;
  readonly #compression: Compression;
  readonly #transactionTimeoutMs: number;
  readonly #recoveryMs: number;
  readonly #connections: BrokerConnections;
  readonly #cluster: Cluster;
  readonly #coordinator: TransactionCoordinator;
  readonly #sender: BatchSender;
  /** Number of the next record per `topic/partition`; the broker refuses gaps and repeats. */
  readonly #sequences = new Map<string, number>();
  /** Ends every wait: aborted by `close` and by the caller's signal. */
  readonly #end = new AbortController();
  #producer: ProducerIdentity | undefined;
  #state: 'new' | 'ready' | 'busy' | 'dead' = 'new';
  /** Of the operation under way. */
  #underWay: RecoveryWindow | null = null;
  /** The coordinator has perhaps ended a transaction itself, and fenced us by that. */
  #hasTimedOut = false;

  constructor(options: PublisherOptions) {
    this.#kafka = options.kafka;
    this.#log = options.log;
    this.#transactionalId = options.transactionalId;
    this.#compression = options.compression;
    this.#transactionTimeoutMs = options.transactionTimeoutMs ?? DEFAULT_TRANSACTION_TIMEOUT_MS;
    this.#recoveryMs = options.recoveryMs ?? DEFAULT_RECOVERY_MS;
    this.#connections = new BrokerConnections(options.kafka, CONNECTION_TIMES);
    this.#cluster = new Cluster(this.#connections, options.kafka);
    this.#coordinator = new TransactionCoordinator(this.#cluster, this.#connections, options.transactionalId);
    this.#sender = new BatchSender(this.#cluster, this.#connections, {
      transactionalId: options.transactionalId,
      maxRequestBytes: options.maxRequestBytes ?? DEFAULT_MAX_REQUEST_BYTES,
    });
  }

  /**
   * Takes the transactional id over: from here on every older producer of it is fenced and its open transaction aborted.
   * Throws PipelineError (KAFKA_UNREACHABLE when nothing answers within `recoveryMs`), or the signal's reason.
   */
  async fence(signal: AbortSignal): Promise<void> {
    await this.#exclusively('new', signal, async () => {
      const window = this.#window();
      this.#producer = await this.#coordinator.initProducer(this.#transactionTimeoutMs, window);
      window.done();
      const { producerId, producerEpoch } = this.#producer;
      this.#log.info(
        { transactionalId: this.#transactionalId, producerId: String(producerId), producerEpoch },
        'transactional id taken over',
      );
    });
  }

  /**
   * One Kafka transaction with all of `batches`, in their order within each partition; resolves when it is committed.
   * The builders may be reset then, not before. Throws PipelineError: KAFKA_FENCED when another producer took over,
   * KAFKA_TRANSACTION_IN_DOUBT when the commit may or may not have happened, else nothing of it was committed; or the
   * signal's reason.
   */
  async publish(batches: readonly TopicBatch[], signal: AbortSignal): Promise<void> {
    await this.#exclusively('ready', signal, async () => {
      await this.#transaction(batches, this.#window());
    });
  }

  /**
   * Whether another producer has taken the transactional id over, in the coordinator's words, also after a throw: brokers
   * answer a producer whose id is being taken over with other errors too. False where the coordinator does not tell within
   * seconds, and where a transaction was in trouble or open for too long: the coordinator fences such a one itself. May leave
   * an empty transaction open, which the next `fence` ends.
   * @param topic that exists
   */
  async isFenced(topic: string): Promise<boolean> {
    const producer = this.#producer;
    if (producer === undefined || this.#hasTimedOut || this.trouble !== null) return false;
    // Those of the publisher are closed when it is dead.
    const connections = new BrokerConnections(this.#kafka, CONNECTION_TIMES);
    const cluster = new Cluster(connections, this.#kafka);
    const coordinator = new TransactionCoordinator(cluster, connections, this.#transactionalId);
    const window = new RecoveryWindow(OWNER_MS, AbortSignal.timeout(OWNER_MS));
    try {
      await coordinator.addPartitions(producer, [{ topic, partitions: [0] }], window);
      return false;
    } catch (error) {
      return error instanceof PipelineError && error.code === 'KAFKA_FENCED';
    } finally {
      connections.destroy();
    }
  }

  /** By what the brokers know it; of two with one producer id the later has the greater epoch. Null before `fence`. */
  get identity(): { readonly producerId: bigint; readonly producerEpoch: number } | null {
    return this.#producer ?? null;
  }

  /** What keeps the `fence` or `publish` under way from getting on; null while it does, or when there is none. */
  get trouble(): KafkaOutage | null {
    return this.#underWay?.trouble ?? null;
  }

  /** Compresses a batch that is full, while the next one of its transaction is being filled. */
  compress(batch: RecordBatchBuilder): Promise<Buffer> {
    return compressRecords(recordsOf(batch), this.#compression);
  }

  /** Closes the connections; a publish under way fails. */
  close(): Promise<void> {
    this.#die(new PipelineError('KAFKA_UNREACHABLE', 'the publisher was closed'));
    return Promise.resolve();
  }

  #die(reason: unknown): void {
    this.#state = 'dead';
    this.#end.abort(reason);
    // Requests under way fail when their connections do: waiting ends at once.
    this.#connections.destroy();
  }

  #window(): RecoveryWindow {
    this.#underWay = new RecoveryWindow(this.#recoveryMs, this.#end.signal, this.#log);
    return this.#underWay;
  }

  async #transaction(batches: readonly TopicBatch[], window: RecoveryWindow): Promise<void> {
    const producer = this.#producer;
    if (producer === undefined) throw new Error('publish before fence');
    const startedAt = performance.now();
    let inDoubt = false;
    try {
      // The request is on its way while the batches are compressed.
      const added = this.#coordinator.addPartitions(producer, partitionsOf(batches), window);
      const [entries] = await Promise.all([this.#finish(batches, producer), added]);
      await this.#sender.send(entries, window);
      await this.#coordinator.commit(producer, window, () => {
        inDoubt = true;
      });
      window.done();
    } catch (error) {
      throw this.#judge(error, performance.now() - startedAt, inDoubt);
    }
  }

  /** Compresses the batches (in the thread pool where it pays) and numbers them. */
  async #finish(batches: readonly TopicBatch[], producer: ProducerIdentity): Promise<ProduceEntry[]> {
    const bodies = await Promise.all(
      batches.map(({ batch, compressed }) => compressed ?? this.compress(batch)),
    );
    return batches.map(({ topic, partition, batch }, index) => {
      const body = bodies[index] ?? Buffer.alloc(0);
      const key = `${topic}/${partition}`;
      const sequence = this.#sequences.get(key) ?? 0;
      this.#sequences.set(key, advanceSequence(sequence, batch.count));
      return { topic, partition, wire: finishBatch(batch, body, this.#compression, producer, sequence) };
    });
  }

  /** What an error of a transaction means, as far as it can be known from here. */
  #judge(error: unknown, elapsedMs: number, inDoubt: boolean): unknown {
    this.#hasTimedOut = elapsedMs >= this.#transactionTimeoutMs;
    if (!(error instanceof PipelineError)) return error;
    const details = {
      cause: error,
      context: { ...error.context, elapsedMs: Math.round(elapsedMs), inDoubt },
    };
    if (error.code === 'KAFKA_FENCED' && this.#hasTimedOut) {
      // The coordinator raises the epoch itself when it aborts a transaction that was open for too long.
      const code = inDoubt ? 'KAFKA_TRANSACTION_IN_DOUBT' : 'KAFKA_TRANSACTION_ABORTED';
      return new PipelineError(code, `${error.message} after the transaction timeout had passed`, details);
    }
    if (inDoubt && error.errorClass === 'retryable') {
      return new PipelineError('KAFKA_TRANSACTION_IN_DOUBT', error.message, details);
    }
    return error;
  }

  async #exclusively(from: 'new' | 'ready', signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    if (this.#state !== from) throw new Error(`publisher is ${this.#state}, not ${from}`);
    signal.throwIfAborted();
    this.#state = 'busy';
    const onAbort = (): void => this.#die(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await work();
      if (!this.#end.signal.aborted) this.#state = 'ready';
    } catch (error) {
      this.#die(error);
      signal.throwIfAborted();
      throw toPipelineError(error);
    } finally {
      this.#underWay = null;
      signal.removeEventListener('abort', onAbort);
    }
  }
}

function partitionsOf(batches: readonly TopicBatch[]): TopicPartitions[] {
  const topics = new Map<string, Set<number>>();
  for (const { topic, partition } of batches) {
    const partitions = topics.get(topic);
    if (partitions === undefined) topics.set(topic, new Set([partition]));
    else partitions.add(partition);
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions: [...partitions] }));
}
