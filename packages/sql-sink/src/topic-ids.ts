import type { SqlStore } from './driver.ts';

/** Ids of the topics that stored offsets are places of: Kafka gives a topic that was deleted and made again another one (KIP-516). */
export class TopicIds<C> {
  readonly #store: SqlStore<C>;
  readonly #table: string;
  readonly #ofPlace: string;
  readonly #insert: string;
  readonly #group: string;

  constructor(store: SqlStore<C>, group: string) {
    const { dialect, stateDatabase } = store;
    const place = [dialect.identifier('group'), 'topic', dialect.identifier('partition')];
    this.#store = store;
    this.#group = group;
    this.#table = dialect.table(stateDatabase, 'sluice_topic_ids');
    this.#ofPlace = place.map((column) => `${column} = ?`).join(' AND ');
    this.#insert =
      `INSERT INTO ${this.#table} (${place.join(', ')}, topic_id) VALUES (?, ?, ?, ?)` +
      dialect.onConflict(this.#table, place, { topic_id: 'given' });
  }

  /** Null where none was kept. */
  async read(connection: C, topic: string, partition: number): Promise<string | null> {
    const sql = `SELECT topic_id FROM ${this.#table} WHERE ${this.#ofPlace}`;
    const rows = await this.#store.driver.rows(connection, sql, [this.#group, topic, partition]);
    return rows[0] === undefined ? null : String(rows[0][0]);
  }

  async keep(connection: C, topic: string, partition: number, topicId: string): Promise<void> {
    await this.#store.driver.change(connection, this.#insert, [this.#group, topic, partition, topicId]);
  }

  async forget(connection: C, topic: string, partition: number): Promise<void> {
    const sql = `DELETE FROM ${this.#table} WHERE ${this.#ofPlace}`;
    await this.#store.driver.change(connection, sql, [this.#group, topic, partition]);
  }
}
