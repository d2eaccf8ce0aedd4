import { randomBytes } from 'node:crypto';
import { Connection, listOffsetsV6, metadataV9 } from '@platformatic/kafka';
import { startStack, type Stack } from '@sluice/local-stack';
import { createLogger, type KafkaConfig, type Logger } from '@sluice/runtime';
import type { Kafka } from 'kafkajs';
import { expect } from 'vitest';
import { ensureTopics, kafkaClient, TopicReader, type TopicRecord } from '../../src/index.ts';

export const SILENT: Logger = createLogger('kafka-test', { level: 'silent' });
const READ_UNCOMMITTED = 0;
const READ_COMMITTED = 1;
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
    // Records of the tests have a fixed time: a broker that cleans up would find them older than its retention.
    const kept = { 'retention.ms': '-1', ...configs };
    await ensureTopics(this.client, [{ name, partitions, replicationFactor: 1, configs: kept }]);
    return name;
  }

  /** Every record that a read_committed reader sees once the markers of all ended transactions are written. */
  async records(topic: string): Promise<TopicRecord[]> {
    await this.settled(topic);
    return this.reading(async (reader) => {
      const records: TopicRecord[] = [];
      await reader.readTopic(topic, {}, (record) => records.push(record));
      return records;
    });
  }

  /** A commit or abort is answered before its markers are in the partitions: only then do readers go past it. */
  async settled(topic: string): Promise<void> {
    await expect.poll(() => this.#openOffsets(topic), { timeout: 20_000 }).toBe(0n);
  }

  async reading<T>(work: (reader: TopicReader) => Promise<T>): Promise<T> {
    const reader = new TopicReader({ kafka: this.config, signal: NEVER });
    try {
      return await work(reader);
    } finally {
      reader.close();
    }
  }

  /** Offsets between the last stable offset and the high watermark, over all partitions. */
  async #openOffsets(topic: string): Promise<bigint> {
    const [address = ''] = this.config.brokers;
    const connection = new Connection('sluice-test');
    await connection.connect(address.split(':')[0] ?? '', Number(address.split(':')[1]));
    const metadata = await metadataV9.api.async(connection, [topic], false);
    const partitions = (metadata.topics[0]?.partitions ?? []).map(({ partitionIndex }) => ({
      partitionIndex,
      currentLeaderEpoch: -1,
      timestamp: -1n,
    }));
    const ends = await Promise.all(
      [READ_UNCOMMITTED, READ_COMMITTED].map(async (isolation) => {
        const answer = await listOffsetsV6.api.async(connection, -1, isolation, [
          { name: topic, partitions },
        ]);
        return (answer.topics[0]?.partitions ?? []).reduce((sum, { offset }) => sum + offset, 0n);
      }),
    );
    await connection.close();
    return (ends[0] ?? 0n) - (ends[1] ?? 0n);
  }

  async stop(): Promise<void> {
    await this.#stack.stop();
  }
}

export function valuesOf(records: readonly TopicRecord[]): string[] {
  return records.map((record) => String(record.value));
}
