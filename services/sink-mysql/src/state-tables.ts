import {
  describeMysqlError,
  quoteIdentifier,
  quoteTable,
  type PoolConnection,
  type RowDataPacket,
} from '@sluice/mysql';
import type { StateTable } from '@sluice/sql-sink';

/** Another process was faster. */
const DUPLICATE_KEY_NAME = 1061;
/** Topic names are ASCII and at most 249 bytes long (Kafka); so are group names here. */
const NAME = 'VARCHAR(249) CHARACTER SET ascii COLLATE ascii_bin NOT NULL';
const TABLE_NAME = 'VARCHAR(129) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL';
const AT = 'TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)';

const TABLES: Readonly<Record<StateTable, string>> = {
  cdc_offsets: `\`group\` ${NAME}, topic ${NAME}, \`partition\` INT NOT NULL, next_offset BIGINT NOT NULL,
    updated_at ${AT}, PRIMARY KEY (\`group\`, topic, \`partition\`)`,
  // Of the topics that these offsets are places of. A table of its own: accounts that may not ALTER keep working.
  sluice_topic_ids: `\`group\` ${NAME}, topic ${NAME}, \`partition\` INT NOT NULL, topic_id VARCHAR(36) CHARACTER SET ascii NOT NULL,
    PRIMARY KEY (\`group\`, topic, \`partition\`)`,
  // The newest of the rows, so that a capture that begins below it is found out.
  sluice_generations: `topic_prefix ${NAME}, generation INT NOT NULL, generation_id VARCHAR(36) CHARACTER SET ascii NOT NULL,
    PRIMARY KEY (topic_prefix)`,
  // A key stays in its partition for the topic's life, so the newest tombstone of a partition says whether one can matter.
  sluice_tombstones: `topic ${NAME}, \`partition\` INT NOT NULL, key_digest BINARY(16) NOT NULL,
    sequence BIGINT NOT NULL, deleted_at ${AT}, PRIMARY KEY (topic, \`partition\`, key_digest),
    KEY newest (topic, \`partition\`, sequence), KEY by_age (deleted_at)`,
  // Of earlier versions, which kept one place for all tables of a topic: it is read, and not written any more.
  sluice_shapes: `topic ${NAME}, \`partition\` INT NOT NULL, sequence BIGINT NOT NULL, PRIMARY KEY (topic, \`partition\`)`,
  sluice_table_shapes: `topic ${NAME}, table_name ${TABLE_NAME}, \`partition\` INT NOT NULL, sequence BIGINT NOT NULL,
    PRIMARY KEY (topic, table_name, \`partition\`)`,
  sluice_floors: `topic ${NAME}, table_name ${TABLE_NAME},
    sequence BIGINT NOT NULL, PRIMARY KEY (topic, table_name)`,
  // Partitions that have shown the end of a snapshot.
  sluice_snapshot_ends: `topic ${NAME}, job_digest BINARY(16) NOT NULL, \`partition\` INT NOT NULL, seen_at ${AT},
    PRIMARY KEY (topic, job_digest, \`partition\`)`,
};

/** The names of them. */
export const STATE_TABLES = Object.keys(TABLES);

/** Makes the sink's own database and tables; needs no right to create them where they exist. */
export async function createStateTables(connection: PoolConnection, database: string): Promise<void> {
  await createDatabase(connection, database);
  const [rows] = await connection.query<RowDataPacket[]>({
    sql: 'SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?',
    values: [database],
    rowsAsArray: true,
  });
  const present = new Set(rows.map((row) => String(row[0])));
  for (const [table, definition] of Object.entries(TABLES)) {
    if (present.has(table)) continue;
    await connection.query(
      `CREATE TABLE IF NOT EXISTS ${quoteTable(database, table)} (${definition}) ENGINE=InnoDB`,
    );
  }
  await addAgeKey(connection, database);
}

/** Earlier versions made tombstones without it. Where it may not be added, each step of a purge reads the whole table. */
async function addAgeKey(connection: PoolConnection, database: string): Promise<void> {
  const [found] = await connection.query<RowDataPacket[]>(
    `SELECT 1 FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = 'sluice_tombstones' AND INDEX_NAME = 'by_age'`,
    [database],
  );
  if (found.length > 0) return;
  try {
    await connection.query(
      `ALTER TABLE ${quoteTable(database, 'sluice_tombstones')} ADD KEY by_age (deleted_at)`,
    );
  } catch (error) {
    const { errno, kind } = describeMysqlError(error);
    if (errno !== DUPLICATE_KEY_NAME && kind !== 'privilege') throw error;
  }
}

export async function createDatabase(connection: PoolConnection, database: string): Promise<void> {
  const sql = 'SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?';
  const [found] = await connection.query<RowDataPacket[]>(sql, [database]);
  if (found.length === 0)
    await connection.query(`CREATE DATABASE IF NOT EXISTS ${quoteIdentifier(database)}`);
}
