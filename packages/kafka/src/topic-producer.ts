import type { Kafka } from 'kafkajs';
import { PlainProducer, type PlainRecord } from './plain-producer.ts';
import { ensureTopics, type TopicSpec } from './topics.ts';

/** Writes to one topic of Sluice's own, which it creates when it is missing; opened by the first record. */
export class TopicProducer {
  readonly #kafka: () => Kafka;
  readonly #spec: TopicSpec;
  #producer: PlainProducer | null = null;

  /** @param kafka asked whenever it is opened */
  constructor(kafka: () => Kafka, spec: TopicSpec) {
    this.#kafka = kafka;
    this.#spec = spec;
  }

  /** As `PlainProducer.send`. Not to be called again before it has settled. */
  async send(record: Omit<PlainRecord, 'topic'>): Promise<void> {
    this.#producer ??= await this.#open();
    try {
      await this.#producer.send({ ...record, topic: this.#spec.name });
    } catch (error) {
      // Whatever is wrong with the topic or the connection is looked at again.
      const broken = this.#producer;
      this.#producer = null;
      await broken.close().catch(() => undefined);
      throw error;
    }
  }

  async #open(): Promise<PlainProducer> {
    const kafka = this.#kafka();
    await ensureTopics(kafka, [this.#spec]);
    const producer = new PlainProducer(kafka);
    try {
      await producer.connect();
    } catch (error) {
      await producer.close().catch(() => undefined);
      throw error;
    }
    return producer;
  }

  /** Never throws. */
  async close(): Promise<void> {
    await this.#producer?.close().catch(() => undefined);
  }
}
