import { quoteTable, type PoolConnection, type RowDataPacket } from '@sluice/mysql';
import { checkTopicId, type TopicPartition } from '@sluice/sink-kit';

/** Ids of the topics that stored offsets are places of: Kafka gives a topic that was deleted and made again another one (KIP-516). */
export class TopicIds {
  readonly #table: string;
  readonly #group: string;

  constructor(database: string, group: string) {
    this.#table = quoteTable(database, 'sluice_topic_ids');
    this.#group = group;
  }

  /**
   * Keeps the id for an offset that has none beside it, or for a partition without an offset. Throws DATA_GAP when the offset
   * was stored for another topic of this name.
   *
   * @param offset as it is stored; null for a partition never stored
   */
  async check(
    connection: PoolConnection,
    where: TopicPartition,
    offset: bigint | null,
    topicId: string,
  ): Promise<void> {
    const kept = await this.#read(connection, where);
    checkTopicId(where, offset === null ? null : { offset, topicId: kept }, topicId);
    if (kept === topicId) return;
    const sql =
      `INSERT INTO ${this.#table} (\`group\`, topic, \`partition\`, topic_id) VALUES (?, ?, ?, ?)` +
      ' ON DUPLICATE KEY UPDATE topic_id = VALUES(topic_id)';
    await connection.query(sql, [this.#group, where.topic, where.partition, topicId]);
  }

  async forget(connection: PoolConnection, { topic, partition }: TopicPartition): Promise<void> {
    const sql = `DELETE FROM ${this.#table} WHERE \`group\` = ? AND topic = ? AND \`partition\` = ?`;
    await connection.query(sql, [this.#group, topic, partition]);
  }

  async #read(connection: PoolConnection, { topic, partition }: TopicPartition): Promise<string | null> {
    const [rows] = await connection.query<RowDataPacket[]>({
      sql: `SELECT topic_id FROM ${this.#table} WHERE \`group\` = ? AND topic = ? AND \`partition\` = ?`,
      values: [this.#group, topic, partition],
      rowsAsArray: true,
    });
    return rows[0] === undefined ? null : String(rows[0][0]);
  }
}
