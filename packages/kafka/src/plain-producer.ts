import { PipelineError } from '@sluice/runtime';
import kafkajs, { type Kafka, type Producer } from 'kafkajs';
import { toPipelineError } from './errors.ts';

export interface PlainRecord {
  readonly topic: string;
  /** Absent: by the key's murmur2, as every Kafka client places it. */
  readonly partition?: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string | Buffer>>;
}

/** A record that is written again, as it was. */
export interface CopiedRecord extends Omit<PlainRecord, 'topic' | 'headers'> {
  readonly partition: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly headers: Readonly<Record<string, Buffer>>;
}

const ALL_IN_SYNC_REPLICAS = -1;
/** Of one request of copies, which the topic's `max.message.bytes` must take; a record that is larger comes alone. */
const COPIED_BYTES = 256 << 10;

/**
 * Writes single records outside of any transaction, acknowledged by all in-sync replicas: dead letters. One request at a time, and
 * by another client after one that failed: kafkajs gives the sequence number of a request without an answer to the next one,
 * which the broker then takes for a repetition and answers as stored.
 */
export class PlainProducer {
  readonly #kafka: Kafka;
  #producer: Producer | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(kafka: Kafka) {
    this.#kafka = kafka;
  }

  async connect(): Promise<void> {
    await this.#inTurn('connect to Kafka', async () => undefined);
  }

  /** Resolves when the record is stored on all in-sync replicas; throws PipelineError otherwise: it may be stored all the same. */
  async send(record: PlainRecord): Promise<void> {
    await this.#inTurn(`write a record to ${record.topic}`, (producer) =>
      producer.send({
        topic: record.topic,
        acks: ALL_IN_SYNC_REPLICAS,
        messages: [
          {
            key: record.key,
            value: record.value,
            headers: { ...record.headers },
            ...(record.partition === undefined ? {} : { partition: record.partition }),
          },
        ],
      }),
    );
  }

  /** Writes copies in their order, with their times; resolves when all are stored. After a throw those in front may be. */
  async copy(topic: string, records: Iterable<CopiedRecord>): Promise<void> {
    let some: CopiedRecord[] = [];
    let bytes = 0;
    for (const record of records) {
      const size = (record.key?.length ?? 0) + (record.value?.length ?? 0);
      if (some.length > 0 && bytes + size > COPIED_BYTES) {
        await this.#copy(topic, some);
        [some, bytes] = [[], 0];
      }
      some.push(record);
      bytes += size;
    }
    if (some.length > 0) await this.#copy(topic, some);
  }

  async #copy(topic: string, records: readonly CopiedRecord[]): Promise<void> {
    await this.#inTurn(`write records to ${topic}`, (producer) =>
      producer.send({
        topic,
        acks: ALL_IN_SYNC_REPLICAS,
        messages: records.map(({ partition, timestamp, key, value, headers }) => ({
          partition,
          timestamp: String(timestamp),
          key,
          value,
          headers: { ...headers },
        })),
      }),
    );
  }

  /** What is under way fails. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#producer?.disconnect();
  }

  async #inTurn(doing: string, work: (producer: Producer) => Promise<unknown>): Promise<void> {
    const turn = this.#last.then(() => this.#attempt(work));
    this.#last = turn.catch(() => undefined);
    try {
      await turn;
    } catch (error) {
      throw toPipelineError(error, doing);
    }
  }

  async #attempt(work: (producer: Producer) => Promise<unknown>): Promise<void> {
    if (this.#isClosed) throw new PipelineError('KAFKA_UNREACHABLE', 'the producer was closed');
    const producer = (this.#producer ??= newProducer(this.#kafka));
    try {
      await producer.connect();
      await work(producer);
    } catch (error) {
      this.#producer = null;
      // It waits for the answers of a broker that may give none.
      void producer.disconnect().catch(() => undefined);
      throw error;
    }
  }
}

function newProducer(kafka: Kafka): Producer {
  return kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
}
