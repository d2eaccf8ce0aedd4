import { deadLetterTopic } from '@sluice/envelope';
import { ensureTopics, inCopies, type PlainProducer, type TopicSpec } from '@sluice/kafka';
import type { TopicsConfig } from '@sluice/runtime';
import { toDeadLetterRecord, type DeadLetterSource } from './dead-letter-record.ts';

/** 30 days, in milliseconds. */
export const LETTER_LIFE_MS = 30 * 86_400_000;
/** A record that came compressed may be far larger than the data topic's limit on batches; 100 MiB is a broker's limit on requests. */
const MAX_MESSAGE_BYTES = 104_857_600;

/** Writes dead letters of one sink; its topic is made when the sink starts, so that the first letter meets no surprise. */
export class DeadLetterProducer {
  readonly topic: string;
  readonly #kafka: Parameters<typeof ensureTopics>[0];
  readonly #producer: PlainProducer;
  readonly #topics: TopicsConfig;

  constructor(
    kafka: Parameters<typeof ensureTopics>[0],
    producer: PlainProducer,
    topics: TopicsConfig,
    sink: string,
  ) {
    this.topic = deadLetterTopic(topics.prefix, sink);
    this.#kafka = kafka;
    this.#producer = producer;
    this.#topics = topics;
  }

  /** Creates the topic when it is missing. Throws a PipelineError when Kafka does not answer or does not allow it. */
  async open(): Promise<void> {
    const spec: TopicSpec = {
      name: this.topic,
      partitions: this.#topics.partitions,
      ...inCopies(this.#topics, {
        'cleanup.policy': 'delete',
        'retention.ms': String(LETTER_LIFE_MS),
        'max.message.bytes': String(MAX_MESSAGE_BYTES),
      }),
    };
    await ensureTopics(this.#kafka, [spec]);
  }

  /** Resolves when every in-sync replica has the letter; throws a PipelineError otherwise: then its record is not done. */
  async send(source: DeadLetterSource): Promise<void> {
    const { key, value, headers } = toDeadLetterRecord(source);
    await this.#producer.send({ topic: this.topic, key, value, headers });
  }
}
