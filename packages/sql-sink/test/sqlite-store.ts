import { DatabaseSync } from 'node:sqlite';
import { PipelineError } from '@sluice/runtime';
import type { ColumnUpdate, SqlDialect, SqlStore } from '@sluice/sql-sink';

const NOW = `strftime('%s', 'now')`;
const PLACE = '"group" TEXT, topic TEXT, "partition" INT';
const STATE = `
  CREATE TABLE cdc_offsets (${PLACE}, next_offset INT, updated_at INT, PRIMARY KEY ("group", topic, "partition"));
  CREATE TABLE sluice_topic_ids (${PLACE}, topic_id TEXT, PRIMARY KEY ("group", topic, "partition"));
  CREATE TABLE sluice_generations (topic_prefix TEXT PRIMARY KEY, generation INT, generation_id TEXT);
  CREATE TABLE sluice_tombstones (topic TEXT, "partition" INT, key_digest BLOB, sequence INT,
    deleted_at INT DEFAULT (${NOW}), PRIMARY KEY (topic, "partition", key_digest));
  CREATE TABLE sluice_shapes (topic TEXT, "partition" INT, sequence INT, PRIMARY KEY (topic, "partition"));
  CREATE TABLE sluice_table_shapes (topic TEXT, table_name TEXT, "partition" INT, sequence INT,
    PRIMARY KEY (topic, table_name, "partition"));
  CREATE TABLE sluice_floors (topic TEXT, table_name TEXT, sequence INT, PRIMARY KEY (topic, table_name));
  CREATE TABLE sluice_snapshot_ends (topic TEXT, job_digest BLOB, "partition" INT, seen_at INT,
    PRIMARY KEY (topic, job_digest, "partition"));`;

/** A third dialect, beside those of the servers that have sinks: what is right on it is no matter of MySQL. */
const dialect: SqlDialect = {
  now: NOW,
  forUpdate: '',
  fromSeconds: '?',
  identifier: (name) => `"${name}"`,
  table: (_, table) => `"${table}"`,
  text: (value) => `'${value.replaceAll("'", "''")}'`,
  bytes: (hex) => `x'${hex}'`,
  hex: (column) => `lower(hex(${column}))`,
  onConflict: (table, keys, updates) => {
    const changes = Object.entries(updates).map(
      ([column, update]) => `${column} = ${updated(table, column, update)}`,
    );
    const action = changes.length === 0 ? 'NOTHING' : `UPDATE SET ${changes.join(', ')}`;
    return ` ON CONFLICT (${keys.join(', ')}) DO ${action}`;
  },
  deleteSome: (table, condition, limit) =>
    `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE ${condition} LIMIT ${limit})`,
};

function updated(table: string, column: string, update: ColumnUpdate): string {
  if (update === 'now') return NOW;
  return update === 'given' ? `excluded.${column}` : `max(${table}.${column}, excluded.${column})`;
}

/** A store in memory with all state tables, which notes what becomes of its connection. */
export interface SqliteStore extends SqlStore<DatabaseSync> {
  readonly database: DatabaseSync;
  /** `release` and `destroy`, in order. */
  readonly returned: string[];
}

export function sqliteStore(): SqliteStore {
  const database = new DatabaseSync(':memory:');
  database.exec(STATE);
  const returned: string[] = [];
  const rollBack = (): void => void (database.isTransaction && database.exec('ROLLBACK'));
  return {
    database,
    returned,
    dialect,
    stateDatabase: '',
    driver: {
      acquire: () => Promise.resolve(database),
      release: () => void returned.push('release'),
      destroy: () => {
        returned.push('destroy');
        rollBack();
      },
      rollBack: () => Promise.resolve(rollBack()),
      rows: async (connection, sql, values = []) => {
        const statement = connection.prepare(sql);
        statement.setReadBigInts(true);
        return statement.all(...values).map((row) => Object.values(row));
      },
      change: async (connection, sql, values = []) => Number(connection.prepare(sql).run(...values).changes),
      lock: () => Promise.resolve(true),
      unlock: () => Promise.resolve(),
      toError: (error) =>
        error instanceof PipelineError
          ? error
          : new PipelineError('MYSQL_UNKNOWN', 'it failed', { cause: error }),
      unanswered: () => new PipelineError('MYSQL_UNREACHABLE', 'no answer'),
    },
  };
}
