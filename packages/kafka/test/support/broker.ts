import { randomBytes } from 'node:crypto';
import { startStack, type Stack } from '@sluice/local-stack';
import { createLogger, type KafkaConfig, type Logger } from '@sluice/runtime';
import type { Kafka } from 'kafkajs';
import { ensureTopics, kafkaClient, TopicReader, type TopicRecord } from '../../src/index.ts';

export const SILENT: Logger = createLogger('kafka-test', { level: 'silent' });
export const NEVER = new AbortController().signal;

/** A real broker with names of its own for every test. */
export class TestBroker {
  readonly config: KafkaConfig;
  readonly client: Kafka;
  readonly #stack: Stack;

  private constructor(stack: Stack) {
    this.#stack = stack;
    this.config = { brokers: [...stack.kafka.brokers], clientId: 'sluice-test' };
    this.client = kafkaClient(this.config, SILENT);
  }

  static async start(): Promise<TestBroker> {
    return new TestBroker(await startStack({ servers: ['kafka'] }));
  }

  uniqueName(what: string): string {
    return `test.${what}.${randomBytes(5).toString('hex')}`;
  }

  async topic(partitions: number, configs: Readonly<Record<string, string>> = {}): Promise<string> {
    const name = this.uniqueName('topic');
    await ensureTopics(this.client, [{ name, partitions, replicationFactor: 1, configs }]);
    return name;
  }

  /** Every record that a read_committed reader sees. */
  async records(topic: string): Promise<TopicRecord[]> {
    return this.reading(async (reader) => {
      const records: TopicRecord[] = [];
      await reader.readTopic(topic, {}, (record) => records.push(record));
      return records;
    });
  }

  async reading<T>(work: (reader: TopicReader) => Promise<T>): Promise<T> {
    const reader = new TopicReader({ kafka: this.config, signal: NEVER });
    try {
      return await work(reader);
    } finally {
      reader.close();
    }
  }

  async stop(): Promise<void> {
    await this.#stack.stop();
  }
}

export function valuesOf(records: readonly TopicRecord[]): string[] {
  return records.map((record) => String(record.value));
}
