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

const ALL_IN_SYNC_REPLICAS = -1;

/** Writes single records outside of any transaction, acknowledged by all in-sync replicas: dead letters. */
export class PlainProducer {
  readonly #producer: Producer;

  constructor(kafka: Kafka) {
    this.#producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
  }

  async connect(): Promise<void> {
    await this.#guarded('connect to Kafka', () => this.#producer.connect());
  }

  /** Resolves when the record is stored on all in-sync replicas; throws PipelineError otherwise. */
  async send(record: PlainRecord): Promise<void> {
    await this.#guarded(`write a record to ${record.topic}`, () =>
      this.#producer.send({
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

  async close(): Promise<void> {
    await this.#producer.disconnect();
  }

  async #guarded<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw toPipelineError(error, doing);
    }
  }
}
