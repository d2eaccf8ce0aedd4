import { quoteTable, type PoolConnection, type RowDataPacket } from '@sluice/mysql';
import { readRebuild, writeRebuild, type RebuildRecord } from '@sluice/sink-kit/rebuild';
import { createDatabase } from './state-tables.ts';

const TABLE = 'sluice_rebuilds';

/** The record of a sink's rebuild, in a table that the first rebuild makes. */
export class RebuildRecords {
  readonly #database: string;
  readonly #group: string;

  /** @param group consumer group of the sink */
  constructor(stateDatabase: string, group: string) {
    this.#database = stateDatabase;
    this.#group = group;
  }

  async load(connection: PoolConnection): Promise<RebuildRecord | null> {
    const [there] = await connection.query<RowDataPacket[]>(
      'SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
      [this.#database, TABLE],
    );
    if (there.length === 0) return null;
    const [rows] = await connection.query<RowDataPacket[]>(
      `SELECT rebuild FROM ${this.#table} WHERE \`group\` = ?`,
      [this.#group],
    );
    const text: unknown = rows[0]?.['rebuild'];
    return typeof text === 'string' ? readRebuild(text, `the row of ${this.#group} in ${this.#table}`) : null;
  }

  /** As `StoreRebuild.save`. */
  async save(
    connection: PoolConnection,
    record: RebuildRecord | null,
    before: RebuildRecord | null,
  ): Promise<boolean> {
    await createDatabase(connection, this.#database);
    await connection.query(
      `CREATE TABLE IF NOT EXISTS ${this.#table} (\`group\` VARCHAR(249) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
        rebuild MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL) ENGINE=InnoDB`,
    );
    const [sql, values] = this.#change(record, before);
    const [result] = await connection.query(sql, values);
    if ('affectedRows' in result && result.affectedRows > 0) return true;
    // An UPDATE to the same text changes no row.
    const now = await this.load(connection);
    return JSON.stringify(now) === JSON.stringify(record);
  }

  #change(record: RebuildRecord | null, before: RebuildRecord | null): [string, unknown[]] {
    const where = '`group` = ? AND rebuild = ?';
    const old = before === null ? '' : writeRebuild(before);
    if (record === null) return [`DELETE FROM ${this.#table} WHERE ${where}`, [this.#group, old]];
    const text = writeRebuild(record);
    if (before === null) return [`INSERT IGNORE INTO ${this.#table} VALUES (?, ?)`, [this.#group, text]];
    return [`UPDATE ${this.#table} SET rebuild = ? WHERE ${where}`, [text, this.#group, old]];
  }

  get #table(): string {
    return quoteTable(this.#database, TABLE);
  }
}
