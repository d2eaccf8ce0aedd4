import type { SqlStore } from './driver.ts';

/** The offsets of one consumer group in the table `cdc_offsets`. */
export class OffsetTable<C> {
  readonly #store: SqlStore<C>;
  readonly #group: string;
  readonly #table: string;
  readonly #ofPlace: string;
  readonly #insert: string;
  readonly #ifAbsent: string;
  readonly #orReplace: string;

  constructor(store: SqlStore<C>, group: string) {
    const { dialect, stateDatabase } = store;
    const place = [dialect.identifier('group'), 'topic', dialect.identifier('partition')];
    this.#store = store;
    this.#group = group;
    this.#table = dialect.table(stateDatabase, 'cdc_offsets');
    this.#ofPlace = place.map((column) => `${column} = ?`).join(' AND ');
    this.#insert = `INSERT INTO ${this.#table} (${place.join(', ')}, next_offset) VALUES (?, ?, ?, ?)`;
    this.#ifAbsent = dialect.onConflict(this.#table, place, {});
    this.#orReplace = dialect.onConflict(this.#table, place, { next_offset: 'given', updated_at: 'now' });
  }

  /** Waits for a transaction that is still moving the offset, and keeps others waiting until its own has ended. */
  async readLocked(connection: C, topic: string, partition: number): Promise<bigint | null> {
    const { driver, dialect } = this.#store;
    const sql = `SELECT next_offset FROM ${this.#table} WHERE ${this.#ofPlace}${dialect.forUpdate}`;
    const rows = await driver.rows(connection, sql, [this.#group, topic, partition]);
    return rows[0] === undefined ? null : BigInt(String(rows[0][0]));
  }

  /** False when there is one already; it is locked then. */
  async insert(connection: C, topic: string, partition: number, next: bigint): Promise<boolean> {
    const values = [this.#group, topic, partition, next];
    return (await this.#store.driver.change(connection, this.#insert + this.#ifAbsent, values)) === 1;
  }

  /** False when the offset is none of `expected`. */
  async move(
    connection: C,
    [topic, partition]: readonly [string, number],
    expected: readonly bigint[],
    next: bigint,
  ): Promise<boolean> {
    // The time makes a changed row of an unchanged offset: a driver may count changed rows only.
    const sql =
      `UPDATE ${this.#table} SET next_offset = ?, updated_at = ${this.#store.dialect.now}` +
      ` WHERE ${this.#ofPlace} AND next_offset IN (${expected.join(',')})`;
    const values = [next, this.#group, topic, partition];
    return (await this.#store.driver.change(connection, sql, values)) === 1;
  }

  async set(connection: C, topic: string, partition: number, next: bigint): Promise<void> {
    const values = [this.#group, topic, partition, next];
    await this.#store.driver.change(connection, this.#insert + this.#orReplace, values);
  }

  async forget(connection: C, topic: string, partition: number): Promise<void> {
    const sql = `DELETE FROM ${this.#table} WHERE ${this.#ofPlace}`;
    await this.#store.driver.change(connection, sql, [this.#group, topic, partition]);
  }
}
