import { PipelineError } from '@sluice/runtime';
import type { Delivery, OffsetStore, Purpose } from '@sluice/sink-kit';
import { nextOffset } from './batch.ts';
import type { SqlStore } from './driver.ts';
import { OffsetTable } from './offset-table.ts';
import { inTransaction, type CommitWatcher, type Sessions } from './sessions.ts';
import { TopicIds } from './topic-ids.ts';

interface Entry {
  /** What this worker last read or stored; null: the partition has no row yet. */
  stored: bigint | null;
  /** What a COMMIT without an answer may have stored. */
  doubt: bigint | null;
  /** Another worker has stored something else: nothing is written until the partition is read again. */
  lost: boolean;
}

/**
 * Offsets in the store, moved inside the transaction of the rows by compare-and-set: a worker that has lost its
 * partition finds another value than its own and rolls back. Only partitions that were read are kept; a replay of single
 * records moves none, but still waits for the partition's owner.
 */
export class StoredOffsets<C> implements OffsetStore {
  readonly #sessions: Sessions<C>;
  readonly #offsets: OffsetTable<C>;
  readonly #topicIds: TopicIds<C>;
  readonly #entries = new Map<string, Entry>();

  constructor(sessions: Sessions<C>, store: SqlStore<C>, group: string) {
    this.#sessions = sessions;
    this.#offsets = new OffsetTable(store, group);
    this.#topicIds = new TopicIds(store, group);
  }

  /** Waits for a transaction that is still moving the offset, a former owner's last one: what it stores is what counts. */
  async read(topic: string, partition: number): Promise<bigint | null> {
    const stored = await this.#sessions.runAlone((connection) =>
      this.#offsets.readLocked(connection, topic, partition),
    );
    this.#entries.set(entryId(topic, partition), { stored, doubt: null, lost: false });
    return stored;
  }

  async topicId(topic: string, partition: number): Promise<string | null> {
    return await this.#sessions.runAlone((connection) => this.#topicIds.read(connection, topic, partition));
  }

  async keepTopicId(topic: string, partition: number, topicId: string): Promise<void> {
    const kept = await this.topicId(topic, partition);
    if (kept === topicId) return;
    await this.#sessions.runAlone(async (connection) => {
      if (kept !== null) await this.#forget(connection, topic, partition);
      await this.#topicIds.keep(connection, topic, partition, topicId);
    });
  }

  /** Before the new id is kept: a crash in between begins at the oldest record, too. */
  async #forget(connection: C, topic: string, partition: number): Promise<void> {
    await this.#offsets.forget(connection, topic, partition);
    this.#entries.set(entryId(topic, partition), { stored: null, doubt: null, lost: false });
  }

  async advance(topic: string, partition: number, next: bigint): Promise<void> {
    const entry = this.#entries.get(entryId(topic, partition));
    const isStored = entry?.doubt === null && entry.stored !== null && entry.stored >= next;
    if (entry === undefined || isStored) return;
    await this.#sessions.runAlone((connection) =>
      inTransaction(this.#sessions.driver, connection, () =>
        this.#move(connection, topic, partition, entry, next),
      ),
    );
  }

  async set(topic: string, partition: number, next: bigint): Promise<void> {
    await this.#sessions.runAlone(async (connection) => {
      // First: an offset beside the id of another topic would not count.
      await this.#topicIds.forget(connection, topic, partition);
      await this.#offsets.set(connection, topic, partition, next);
    });
  }

  /**
   * First statement of a batch's transaction: takes the partition's row and moves it behind the batch (never back); that
   * of a replay moves nothing. Throws TARGET_OFFSET_MOVED when the partition is another's now.
   */
  async claim(connection: C, batch: readonly Delivery[], purpose: Purpose): Promise<CommitWatcher> {
    const [first] = batch;
    if (first === undefined) return UNMOVED;
    const { topic, partition } = first;
    const entry = this.#entries.get(entryId(topic, partition));
    if (purpose === 'stream' && entry !== undefined)
      return await this.#move(connection, topic, partition, entry, nextOffset(batch));
    await this.#offsets.readLocked(connection, topic, partition);
    return UNMOVED;
  }

  async #move(
    connection: C,
    topic: string,
    partition: number,
    entry: Entry,
    wanted: bigint,
  ): Promise<CommitWatcher> {
    const next = entry.stored !== null && entry.stored > wanted ? entry.stored : wanted;
    if (entry.lost || !(await this.#compareAndSet(connection, [topic, partition], entry, next))) {
      entry.lost = true;
      throw new PipelineError('TARGET_OFFSET_MOVED', `${topic}/${partition} has another owner now`, {
        context: { topic, partition },
      });
    }
    return {
      sent: () => void (entry.doubt = next),
      committed: () => void Object.assign(entry, { stored: next, doubt: null }),
    };
  }

  async #compareAndSet(
    connection: C,
    place: readonly [string, number],
    { stored, doubt }: Entry,
    next: bigint,
  ): Promise<boolean> {
    const mine = [stored, doubt].filter((offset) => offset !== null);
    if (stored === null && (await this.#offsets.insert(connection, ...place, next))) return true;
    return mine.length > 0 && (await this.#offsets.move(connection, place, mine, next));
  }
}

/** Of a transaction that waits for the partition's owner and moves nothing. */
const UNMOVED: CommitWatcher = { sent: () => undefined, committed: () => undefined };

function entryId(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
