import type { Logger } from '@sluice/runtime';
import type { Consumer } from 'kafkajs';
import { partitionName, type TopicPartition } from './consumer-start.ts';

interface Commit {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly metadata: string | null;
}

/**
 * Group commits, gathered for a moment: one request for many batches. An offset is noted only after the outcome of every
 * record below it, so a commit that is lost costs a second reading, which the sinks' guards make harmless.
 */
export class CommitQueue {
  readonly #consumer: Consumer;
  readonly #log: Logger;
  readonly #delayMs: number;
  readonly #waiting = new Map<string, Commit>();
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> = Promise.resolve();
  /** Joins so far: what was sent before one says nothing of the membership behind it. */
  #joins = 0;
  #failedSince: number | null = null;

  constructor(consumer: Consumer, log: Logger, delayMs: number) {
    this.#consumer = consumer;
    this.#log = log;
    this.#delayMs = delayMs;
  }

  /** Every record below `nextOffset` of the partition has its outcome. The topic's id is stored with it. */
  note({ topic, partition }: TopicPartition, nextOffset: bigint, topicId: string | null): void {
    const offset = String(nextOffset);
    this.#waiting.set(partitionName(topic, partition), { topic, partition, offset, metadata: topicId });
    this.#timer ??= setTimeout(() => void this.flush(), this.#delayMs);
  }

  /** Whether a commit has failed since the consumer joined its group the last time. */
  get hasFailed(): boolean {
    return this.#failedSince === this.#joins;
  }

  /** The consumer has joined its group: forgets what was noted for partitions that may now belong to another member. */
  joined(): void {
    this.#joins++;
    this.#waiting.clear();
  }

  /** Commits what was noted. Never rejects: a commit that fails is logged and left to the next one. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#running = this.#running.then(() => this.#commit());
    await this.#running;
  }

  async #commit(): Promise<void> {
    const commits = [...this.#waiting.values()];
    this.#waiting.clear();
    if (commits.length === 0) return;
    const joins = this.#joins;
    try {
      await this.#consumer.commitOffsets(commits);
    } catch (error) {
      this.#failedSince = joins;
      this.#log.warn(
        { err: error, partitions: commits.length },
        'group commit failed; records may be read again',
      );
    }
  }
}
