import {
  describeMysqlError,
  quoteTable,
  type Pool,
  type PoolConnection,
  type RowDataPacket,
} from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import type { OffsetStore } from '@sluice/sink-kit';
import { inTransaction, withConnection, type CommitWatcher } from './session.ts';
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
 * Offsets in the target, moved inside the transaction of the rows by compare-and-set: a worker that has lost its
 * partition finds another value than its own and rolls back. Only partitions that were read are kept; a replay of single
 * records moves none, but still waits for the partition's owner.
 */
export class Progress implements OffsetStore {
  readonly #pool: Pool;
  readonly #group: string;
  readonly #table: string;
  readonly #topicIds: TopicIds;
  readonly #timeoutMs: number;
  readonly #entries = new Map<string, Entry>();

  constructor(pool: Pool, options: { group: string; database: string; timeoutMs: number }) {
    this.#pool = pool;
    this.#group = options.group;
    this.#table = quoteTable(options.database, 'cdc_offsets');
    this.#topicIds = new TopicIds(options.database, options.group);
    this.#timeoutMs = options.timeoutMs;
  }

  /** Waits for a transaction that is still moving the offset, a former owner's last one: what it stores is what counts. */
  async read(topic: string, partition: number): Promise<bigint | null> {
    const stored = await this.#run((connection) => this.#select(connection, topic, partition, ' FOR UPDATE'));
    this.#entries.set(entryId(topic, partition), { stored, doubt: null, lost: false });
    return stored;
  }

  async topicId(topic: string, partition: number): Promise<string | null> {
    return await this.#run((connection) => this.#topicIds.read(connection, topic, partition));
  }

  async keepTopicId(topic: string, partition: number, topicId: string): Promise<void> {
    const kept = await this.topicId(topic, partition);
    if (kept === topicId) return;
    await this.#run(async (connection) => {
      if (kept !== null) await this.#forget(connection, topic, partition);
      await this.#topicIds.keep(connection, topic, partition, topicId);
    });
  }

  /** Before the new id is kept: a crash in between begins at the oldest record, too. */
  async #forget(connection: PoolConnection, topic: string, partition: number): Promise<void> {
    const sql = `DELETE FROM ${this.#table} WHERE \`group\` = ? AND topic = ? AND \`partition\` = ?`;
    await connection.query(sql, [this.#group, topic, partition]);
    this.#entries.set(entryId(topic, partition), { stored: null, doubt: null, lost: false });
  }

  async advance(topic: string, partition: number, nextOffset: bigint): Promise<void> {
    const entry = this.#entries.get(entryId(topic, partition));
    const isStored = entry?.doubt === null && entry.stored !== null && entry.stored >= nextOffset;
    if (entry === undefined || isStored) return;
    await this.#run((connection) =>
      inTransaction(connection, () => this.claim(connection, topic, partition, nextOffset)),
    );
  }

  async set(topic: string, partition: number, nextOffset: bigint): Promise<void> {
    const sql =
      `INSERT INTO ${this.#table} (\`group\`, topic, \`partition\`, next_offset) VALUES (?, ?, ?, ?)` +
      ' ON DUPLICATE KEY UPDATE next_offset = VALUES(next_offset), updated_at = CURRENT_TIMESTAMP(6)';
    await this.#run(async (connection) => {
      // First: an offset beside the id of another topic would not count.
      await this.#topicIds.forget(connection, topic, partition);
      await connection.query(sql, [this.#group, topic, partition, nextOffset]);
    });
  }

  /** First statement of a transaction that moves nothing: it waits for the partition's owner all the same. */
  async share(connection: PoolConnection, topic: string, partition: number): Promise<CommitWatcher> {
    await this.#select(connection, topic, partition, ' FOR UPDATE');
    return { sent: () => undefined, committed: () => undefined };
  }

  /**
   * First statement of a transaction: takes the partition's row and moves it to `nextOffset` (never back). Throws TARGET_OFFSET_MOVED when the partition is another's now.
   */
  async claim(
    connection: PoolConnection,
    topic: string,
    partition: number,
    nextOffset: bigint,
  ): Promise<CommitWatcher> {
    const entry = this.#entries.get(entryId(topic, partition));
    if (entry === undefined) return await this.share(connection, topic, partition);
    const next = entry.stored !== null && entry.stored > nextOffset ? entry.stored : nextOffset;
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
    connection: PoolConnection,
    place: readonly [string, number],
    entry: Entry,
    next: bigint,
  ): Promise<boolean> {
    const mine = [entry.stored, entry.doubt].filter((offset) => offset !== null).map(String);
    if (entry.stored === null && (await this.#inserted(connection, place, next))) return true;
    if (mine.length === 0) return false;
    // The time makes a changed row of an unchanged offset: the driver counts changed rows.
    const [result] = await connection.query(
      `UPDATE ${this.#table} SET next_offset = ?, updated_at = CURRENT_TIMESTAMP(6)` +
        ` WHERE \`group\` = ? AND topic = ? AND \`partition\` = ? AND next_offset IN (${mine.join(',')})`,
      [next, this.#group, ...place],
    );
    return 'affectedRows' in result && result.affectedRows === 1;
  }

  async #inserted(
    connection: PoolConnection,
    place: readonly [string, number],
    next: bigint,
  ): Promise<boolean> {
    try {
      const sql = `INSERT INTO ${this.#table} (\`group\`, topic, \`partition\`, next_offset) VALUES (?, ?, ?, ?)`;
      await connection.query(sql, [this.#group, ...place, next]);
      return true;
    } catch (error) {
      if (describeMysqlError(error).kind === 'duplicate') return false;
      throw error;
    }
  }

  async #select(
    connection: PoolConnection,
    topic: string,
    partition: number,
    lock: string,
  ): Promise<bigint | null> {
    const [rows] = await connection.query<RowDataPacket[]>({
      sql: `SELECT next_offset FROM ${this.#table} WHERE \`group\` = ? AND topic = ? AND \`partition\` = ?${lock}`,
      values: [this.#group, topic, partition],
      rowsAsArray: true,
    });
    return rows[0] === undefined ? null : BigInt(String(rows[0][0]));
  }

  async #run<T>(work: (connection: PoolConnection) => Promise<T>): Promise<T> {
    const signal = new AbortController().signal;
    return await withConnection(this.#pool, { signal, timeoutMs: this.#timeoutMs }, work);
  }
}

function entryId(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
