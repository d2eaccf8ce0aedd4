import { hash } from 'node:crypto';
import type { Sequence } from '@sluice/envelope';
import {
  describeMysqlError,
  quoteIdentifier,
  quoteTable,
  type PoolConnection,
  type RowDataPacket,
} from '@sluice/mysql';
import { quote } from './mysql-mapper.ts';

/** Another process was faster. */
const DUPLICATE_KEY_NAME = 1061;
/** Topic names are ASCII and at most 249 bytes long (Kafka); so are group names here. */
const NAME = 'VARCHAR(249) CHARACTER SET ascii COLLATE ascii_bin NOT NULL';
const AT = 'TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)';

const TABLES: Readonly<Record<string, string>> = {
  cdc_offsets: `\`group\` ${NAME}, topic ${NAME}, \`partition\` INT NOT NULL, next_offset BIGINT NOT NULL,
    updated_at ${AT}, PRIMARY KEY (\`group\`, topic, \`partition\`)`,
  // Of the topics that these offsets are places of. A table of its own: accounts that may not ALTER keep working.
  sluice_topic_ids: `\`group\` ${NAME}, topic ${NAME}, \`partition\` INT NOT NULL, topic_id VARCHAR(36) CHARACTER SET ascii NOT NULL,
    PRIMARY KEY (\`group\`, topic, \`partition\`)`,
  // A key stays in its partition for the topic's life, so the newest tombstone of a partition says whether one can matter.
  sluice_tombstones: `topic ${NAME}, \`partition\` INT NOT NULL, key_digest BINARY(16) NOT NULL,
    sequence BIGINT NOT NULL, deleted_at ${AT}, PRIMARY KEY (topic, \`partition\`, key_digest),
    KEY newest (topic, \`partition\`, sequence), KEY by_age (deleted_at)`,
  sluice_shapes: `topic ${NAME}, \`partition\` INT NOT NULL, sequence BIGINT NOT NULL, PRIMARY KEY (topic, \`partition\`)`,
  sluice_floors: `topic ${NAME}, table_name VARCHAR(129) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    sequence BIGINT NOT NULL, PRIMARY KEY (topic, table_name)`,
  // Partitions that have shown the end of a snapshot.
  sluice_snapshot_ends: `topic ${NAME}, job_digest BINARY(16) NOT NULL, \`partition\` INT NOT NULL, seen_at ${AT},
    PRIMARY KEY (topic, job_digest, \`partition\`)`,
};

/** The partition of a topic that a batch came from, and the `tableId` of the source's table. */
export interface Origin {
  readonly topic: string;
  readonly partition: number;
  readonly table: string;
}

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

export interface Guards {
  /** Records below it are stale: the table was truncated at it. '' without a truncate. */
  readonly floor: Sequence;
  /** No key of this partition was deleted after it; '' when none ever was. */
  readonly newestTombstone: Sequence;
}

/** Tombstones and floors of one state database. All SQL is run on the caller's connection, in its transaction. */
export class Tombs {
  readonly #tombstones: string;
  readonly #floors: string;
  readonly #ends: string;

  constructor(database: string) {
    this.#tombstones = quoteTable(database, 'sluice_tombstones');
    this.#floors = quoteTable(database, 'sluice_floors');
    this.#ends = quoteTable(database, 'sluice_snapshot_ends');
  }

  async guards(connection: PoolConnection, origin: Origin): Promise<Guards> {
    const floor = `SELECT sequence FROM ${this.#floors} WHERE topic = ? AND table_name = ?`;
    const newest = `SELECT MAX(sequence) FROM ${this.#tombstones} WHERE topic = ? AND \`partition\` = ?`;
    const [rows] = await connection.query<RowDataPacket[]>({
      sql: `SELECT (${floor}), (${newest})`,
      values: [origin.topic, floorName(origin), origin.topic, origin.partition],
      rowsAsArray: true,
    });
    return { floor: toSequence(rows[0]?.[0]), newestTombstone: toSequence(rows[0]?.[1]) };
  }

  /** Sequences at which keys were deleted, by key digest. */
  async read(
    connection: PoolConnection,
    origin: Origin,
    digests: readonly string[],
  ): Promise<ReadonlyMap<string, Sequence>> {
    if (digests.length === 0) return new Map();
    const [rows] = await connection.query<RowDataPacket[]>({
      sql:
        `SELECT LOWER(HEX(key_digest)), sequence FROM ${this.#tombstones} WHERE topic = ${quote(origin.topic)}` +
        ` AND \`partition\` = ${origin.partition} AND key_digest IN (${digests.map(hexLiteral).join(',')})`,
      rowsAsArray: true,
    });
    return new Map(rows.map((row) => [String(row[0]), toSequence(row[1])]));
  }

  async write(
    connection: PoolConnection,
    origin: Origin,
    deleted: readonly { readonly key: string; readonly sequence: Sequence }[],
  ): Promise<void> {
    if (deleted.length === 0) return;
    const place = `(${quote(origin.topic)},${origin.partition},`;
    const rows = deleted.map(({ key, sequence }) => `${place}${hexLiteral(keyDigest(key))},${sequence})`);
    await connection.query(
      `INSERT INTO ${this.#tombstones} (topic, \`partition\`, key_digest, sequence) VALUES ${rows.join(',')}` +
        ' ON DUPLICATE KEY UPDATE deleted_at = CURRENT_TIMESTAMP(6), sequence = GREATEST(sequence, VALUES(sequence))',
    );
  }

  /** Forgets at most `limit` deletes of these topics that were applied before `before`; resolves to how many. */
  async purge(connection: PoolConnection, topicPrefix: string, before: Date, limit: number): Promise<number> {
    const seconds = before.getTime() / 1000;
    const [result] = await connection.query(
      `DELETE FROM ${this.#tombstones} WHERE deleted_at < FROM_UNIXTIME(?) AND LEFT(topic, ?) = ? LIMIT ${limit}`,
      [seconds, topicPrefix.length, topicPrefix],
    );
    return 'affectedRows' in result ? result.affectedRows : 0;
  }

  /** Notes that a partition has shown the end of a snapshot; resolves to how many have. Safe to repeat. */
  async noteEnd(
    connection: PoolConnection,
    { topic, partition, table }: Origin,
    job: string,
  ): Promise<number> {
    const digest = hexLiteral(keyDigest(`${table} ${job}`));
    await connection.query(
      `INSERT INTO ${this.#ends} (topic, job_digest, \`partition\`) VALUES (?, ${digest}, ?)` +
        ' ON DUPLICATE KEY UPDATE seen_at = CURRENT_TIMESTAMP(6)',
      [topic, partition],
    );
    const [rows] = await connection.query<RowDataPacket[]>({
      sql: `SELECT COUNT(*) FROM ${this.#ends} WHERE topic = ? AND job_digest = ${digest}`,
      values: [topic],
      rowsAsArray: true,
    });
    return Number(rows[0]?.[0]);
  }

  async raiseFloor(connection: PoolConnection, origin: Origin, sequence: Sequence): Promise<void> {
    await connection.query(
      `INSERT INTO ${this.#floors} (topic, table_name, sequence) VALUES (?, ?, ?)` +
        ' ON DUPLICATE KEY UPDATE sequence = GREATEST(sequence, VALUES(sequence))',
      [origin.topic, floorName(origin), sequence],
    );
  }
}

/** A name in backticks may be longer than its column. */
function floorName({ table }: Origin): string {
  return table.length <= 129 ? table : keyDigest(table);
}

/** 128 bits of SHA-256: a collision within a partition is as unlikely as a broken disk going unseen. */
export function keyDigest(key: string): string {
  return hash('sha256', key).slice(0, 32);
}

function hexLiteral(digest: string): string {
  return `x'${digest}'`;
}

/** A BIGINT as the driver gives it, as 19 digits; null is ''. */
export function toSequence(value: unknown): Sequence {
  return typeof value === 'string' || typeof value === 'number' ? String(value).padStart(19, '0') : '';
}
