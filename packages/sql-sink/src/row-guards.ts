import type { RowEnvelope, Sequence } from '@sluice/envelope';
import { winsTie, type Purpose } from '@sluice/sink-kit';
import { nameInState, type Origin } from './batch.ts';
import type { SqlStore } from './driver.ts';
import { keyDigest, SEQUENCE_COLUMN, toSequence } from './sequences.ts';
import type { Sessions } from './sessions.ts';

/** Keys that one statement asks for. */
const KEYS_PER_STATEMENT = 900;
/** Rows or tombstones that one statement deletes or, where it can, reads; each its own transaction. */
const STEP = 5000;

export interface Guards {
  /** Records below it are stale: the table was truncated at it, or all of its rows come behind it. '' without such a place. */
  readonly truncateWatermark: Sequence;
  /** No key of this partition was deleted after it; '' when none ever was. */
  readonly newestTombstone: Sequence;
}

/** A change of a row, by its key's text. */
export interface KeyedChange {
  readonly key: string;
  readonly sequence: Sequence;
}

/**
 * What older changes must not get past: tombstones of deleted keys and watermarks of truncates. Whatever takes a
 * connection is part of its transaction.
 */
export class RowGuards<C> {
  readonly #sessions: Sessions<C>;
  readonly #store: SqlStore<C>;
  readonly #tombstones: string;
  readonly #partition: string;
  readonly #watermarks: string;

  constructor(sessions: Sessions<C>, store: SqlStore<C>) {
    const { dialect, stateDatabase } = store;
    this.#sessions = sessions;
    this.#store = store;
    this.#tombstones = dialect.table(stateDatabase, 'sluice_tombstones');
    this.#watermarks = dialect.table(stateDatabase, 'sluice_floors');
    this.#partition = dialect.identifier('partition');
  }

  async read(connection: C, origin: Origin): Promise<Guards> {
    const watermark = `SELECT sequence FROM ${this.#watermarks} WHERE topic = ? AND table_name = ?`;
    const newest = `SELECT MAX(sequence) FROM ${this.#tombstones} WHERE topic = ? AND ${this.#partition} = ?`;
    const [row] = await this.#store.driver.rows(connection, `SELECT (${watermark}), (${newest})`, [
      origin.topic,
      nameInState(origin),
      origin.topic,
      origin.partition,
    ]);
    return { truncateWatermark: toSequence(row?.[0]), newestTombstone: toSequence(row?.[1]) };
  }

  /**
   * Adds to `stored`, the sequences that the rows of the store were written at, those at which keys without a row were
   * deleted. Asks only where a tombstone is as new as the change.
   */
  async addDeleted<R extends KeyedChange>(
    connection: C,
    origin: Origin,
    { newestTombstone }: Guards,
    changes: readonly R[],
    stored: Map<R, Sequence>,
  ): Promise<Map<R, Sequence>> {
    const doubtful = changes.filter((change) => !stored.has(change) && change.sequence <= newestTombstone);
    for (let from = 0; from < doubtful.length; from += KEYS_PER_STATEMENT) {
      const some = doubtful.slice(from, from + KEYS_PER_STATEMENT);
      const digests = some.map(({ key }) => keyDigest(key));
      const deleted = await this.#deletedAt(connection, origin, digests);
      some.forEach((change, index) => {
        const sequence = deleted.get(digests[index] ?? '');
        if (sequence !== undefined) stored.set(change, sequence);
      });
    }
    return stored;
  }

  /** Sequences at which keys were deleted, by key digest. */
  async #deletedAt(
    connection: C,
    { topic, partition }: Origin,
    digests: readonly string[],
  ): Promise<ReadonlyMap<string, Sequence>> {
    const { driver, dialect } = this.#store;
    const rows = await driver.rows(
      connection,
      `SELECT ${dialect.hex('key_digest')}, sequence FROM ${this.#tombstones} WHERE topic = ${dialect.text(topic)}` +
        ` AND ${this.#partition} = ${partition} AND key_digest IN (${digests.map((digest) => dialect.bytes(digest)).join(',')})`,
    );
    return new Map(rows.map((row) => [String(row[0]), toSequence(row[1])]));
  }

  async noteDeleted(
    connection: C,
    { topic, partition }: Origin,
    deleted: readonly KeyedChange[],
  ): Promise<void> {
    if (deleted.length === 0) return;
    const { driver, dialect } = this.#store;
    const place = `(${dialect.text(topic)},${partition},`;
    const rows = deleted.map(({ key, sequence }) => `${place}${dialect.bytes(keyDigest(key))},${sequence})`);
    const onConflict = dialect.onConflict(this.#tombstones, ['topic', this.#partition, 'key_digest'], {
      deleted_at: 'now',
      sequence: 'greater',
    });
    await driver.change(
      connection,
      `INSERT INTO ${this.#tombstones} (topic, ${this.#partition}, key_digest, sequence) VALUES ${rows.join(',')}${onConflict}`,
    );
  }

  /**
   * Deletes the rows of a table that are older than `sequence`. The watermark first: from then on no older row comes in,
   * so the deletion has an end.
   * @param table its quoted name
   * @param walked the quoted name of a column of whole numbers that an index begins with: by it the table is read in pieces, each in a
   * session of its own. Without one a single statement may read all of it, which a large table gives no time for.
   */
  async removeBelow(
    origin: Origin,
    table: string,
    sequence: Sequence,
    signal: AbortSignal,
    walked: string | null = null,
  ): Promise<void> {
    await this.#sessions.run(signal, (connection) => this.raiseWatermark(connection, origin, sequence));
    let from: bigint | null = null;
    do {
      const beyond: string = walked === null || from === null ? '' : `${walked} > ${from} AND `;
      const to: bigint | null = walked === null ? null : await this.#endOfPiece(table, walked, from, signal);
      const within = to === null ? beyond : `${beyond}${walked} <= ${to} AND `;
      await this.#deleteAll(table, `${within}${SEQUENCE_COLUMN} < ?`, sequence, signal);
      from = to;
    } while (from !== null);
  }

  /** The number that the piece of the table behind `from` ends at; null when it is the last one. */
  async #endOfPiece(
    table: string,
    walked: string,
    from: bigint | null,
    signal: AbortSignal,
  ): Promise<bigint | null> {
    const beyond = from === null ? '' : ` WHERE ${walked} > ${from}`;
    const sql = `SELECT ${walked} FROM ${table}${beyond} ORDER BY ${walked} LIMIT 1 OFFSET ${STEP - 1}`;
    const [row] = await this.#sessions.run(signal, (connection) => this.#store.driver.rows(connection, sql));
    return row === undefined ? null : BigInt(String(row[0]));
  }

  async #deleteAll(table: string, condition: string, sequence: Sequence, signal: AbortSignal): Promise<void> {
    const { dialect, driver } = this.#store;
    const sql = dialect.deleteSome(table, condition, STEP);
    for (let deleted = STEP; deleted === STEP;) {
      deleted = await this.#sessions.run(signal, (connection) => driver.change(connection, sql, [sequence]));
    }
  }

  /** From now on older records of the table are stale; its rows stay. */
  async raiseWatermark(connection: C, origin: Origin, sequence: Sequence): Promise<void> {
    const { dialect, driver } = this.#store;
    const onConflict = dialect.onConflict(this.#watermarks, ['topic', 'table_name'], { sequence: 'greater' });
    await driver.change(
      connection,
      `INSERT INTO ${this.#watermarks} (topic, table_name, sequence) VALUES (?, ?, ?)${onConflict}`,
      [origin.topic, nameInState(origin), sequence],
    );
  }

  /** Forgets the deletes of topics with this prefix that were applied before `before`; resolves to how many. */
  async purge(topicPrefix: string, before: Date, signal: AbortSignal): Promise<number> {
    const { dialect, driver } = this.#store;
    const condition = `deleted_at < ${dialect.fromSeconds} AND SUBSTR(topic, 1, ?) = ?`;
    const sql = dialect.deleteSome(this.#tombstones, condition, STEP);
    const values = [before.getTime() / 1000, topicPrefix.length, topicPrefix];
    let purged = 0;
    for (let step = STEP; step === STEP; purged += step) {
      step = await this.#sessions.run(signal, (connection) => driver.change(connection, sql, values));
    }
    return purged;
  }
}

/** Whether a change has to be applied: of equal sequences by `winsTie`. */
export function isNewer(envelope: RowEnvelope, stored: Sequence | undefined, purpose: Purpose): boolean {
  const { sequence } = envelope.payload;
  if (stored === undefined || sequence > stored) return true;
  return sequence === stored && winsTie(envelope, purpose);
}
