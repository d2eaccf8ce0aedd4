import { partitionName, type TopicPartition } from '@sluice/kafka';
import type { Logger } from '@sluice/runtime';
import { toKnownError } from './known-error.ts';
import type { OffsetStore } from './sink.ts';

interface Passed {
  readonly where: TopicPartition;
  readonly next: bigint;
}

/**
 * Offsets behind what carries no record and came alone: a transaction's end marker, aborted records. The records that follow
 * store them with their own; here they wait for where none follow. Never stored, such an offset would look like records
 * that were deleted unread once retention has emptied the partition.
 */
export class PassedOffsets {
  readonly #store: OffsetStore | undefined;
  readonly #log: Logger;
  readonly #waiting = new Map<string, Passed>();
  #storing: Promise<void> = Promise.resolve();

  /** @param store absent: the group's own offset is the only one, and has moved already */
  constructor(store: OffsetStore | undefined, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** Every record below `next` has its outcome. */
  note(where: TopicPartition, next: bigint): void {
    if (this.#store !== undefined)
      this.#waiting.set(partitionName(where.topic, where.partition), { where, next });
  }

  /** Records of the partition are about to be applied. Resolves when no offset is on its way: two at once would look like two owners. */
  async overtaken(where: TopicPartition): Promise<void> {
    this.#waiting.delete(partitionName(where.topic, where.partition));
    await this.#storing;
  }

  /** Another assignment: what was passed before may be another's now. */
  clear(): void {
    this.#waiting.clear();
  }

  /** Stores what waits, of these partitions. Never rejects: what was not stored waits for the next time. */
  async store(assigned: readonly TopicPartition[]): Promise<void> {
    const names = new Set(assigned.map(({ topic, partition }) => partitionName(topic, partition)));
    this.#storing = this.#storing.then(() => this.#storeAll(names));
    await this.#storing;
  }

  async #storeAll(names: ReadonlySet<string>): Promise<void> {
    for (const [name, passed] of this.#waiting) {
      if (!names.has(name)) continue;
      try {
        await this.#store?.advance(passed.where.topic, passed.where.partition, passed.next);
      } catch (error) {
        const known = toKnownError(error);
        this.#log.debug({ err: known, ...passed.where }, 'offset behind the last record not stored');
        // A store that does not answer does not answer for the others either.
        if (known.code !== 'TARGET_OFFSET_MOVED') return;
      }
      if (this.#waiting.get(name) === passed) this.#waiting.delete(name);
    }
  }
}
