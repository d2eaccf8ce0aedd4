import { quoteTable, type PoolConnection, type RowDataPacket } from '@sluice/mysql';

/** Ids of the topics that stored offsets are places of: Kafka gives a topic that was deleted and made again another one (KIP-516). */
export class TopicIds {
  readonly #table: string;
  readonly #group: string;

  constructor(database: string, group: string) {
    this.#table = quoteTable(database, 'sluice_topic_ids');
    this.#group = group;
  }

  /** Null where none was kept. */
  async read(connection: PoolConnection, topic: string, partition: number): Promise<string | null> {
    const [rows] = await connection.query<RowDataPacket[]>({
      sql: `SELECT topic_id FROM ${this.#table} WHERE \`group\` = ? AND topic = ? AND \`partition\` = ?`,
      values: [this.#group, topic, partition],
      rowsAsArray: true,
    });
    return rows[0] === undefined ? null : String(rows[0][0]);
  }

  async keep(connection: PoolConnection, topic: string, partition: number, topicId: string): Promise<void> {
    const sql =
      `INSERT INTO ${this.#table} (\`group\`, topic, \`partition\`, topic_id) VALUES (?, ?, ?, ?)` +
      ' ON DUPLICATE KEY UPDATE topic_id = VALUES(topic_id)';
    await connection.query(sql, [this.#group, topic, partition, topicId]);
  }

  async forget(connection: PoolConnection, topic: string, partition: number): Promise<void> {
    const sql = `DELETE FROM ${this.#table} WHERE \`group\` = ? AND topic = ? AND \`partition\` = ?`;
    await connection.query(sql, [this.#group, topic, partition]);
  }
}
