import type { TableDescription } from '@sluice/mysql';
import type { Connection } from 'mysql2/promise';
import type { PreflightProblem } from '../preflight.ts';
import { tableId } from '../state/table.ts';
import { queryRows } from './query.ts';
import { readStatusRow, type ServerFacts } from './server.ts';

/** Captured tables whose database the server keeps out of its binlog (`--binlog-do-db`, `--binlog-ignore-db`). */
export async function findUnloggedDatabases(
  connection: Connection,
  server: ServerFacts,
  tables: readonly TableDescription[],
): Promise<readonly PreflightProblem[]> {
  const status = await readStatusRow(connection, server);
  const databases = [...new Set(tables.map(({ database }) => database))];
  return unloggedDatabases(
    databases,
    String(status['Binlog_Do_DB'] ?? ''),
    String(status['Binlog_Ignore_DB'] ?? ''),
  );
}

/** @param only and @param without database names as the server lists them, separated by commas */
export function unloggedDatabases(
  databases: readonly string[],
  only: string,
  without: string,
): readonly PreflightProblem[] {
  const logged = only.split(',').filter((name) => name !== '');
  const ignored = new Set(without.split(','));
  return databases
    .filter((name) => (logged.length > 0 ? !logged.includes(name) : ignored.has(name)))
    .map((name) => ({
      setting: 'source option binlog-do-db or binlog-ignore-db',
      found: `changes of database ${name} are kept out of the binlog`,
      required: 'every captured database in the binlog',
      fix: `start the server so that it logs ${name}`,
    }));
}

/** MySQL from 9.6 on carries out foreign keys where changes are logged, unless it is told to leave them to InnoDB. */
const LOGS_CASCADES_FROM = 9.6;

/**
 * Captured tables with rows that a foreign key deletes or changes inside the storage engine: these changes are not in
 * the binlog (https://dev.mysql.com/doc/refman/8.4/en/innodb-and-mysql-replication.html), so nobody can publish them.
 */
export async function findUnloggedCascades(
  connection: Connection,
  server: ServerFacts,
  tables: readonly TableDescription[],
): Promise<readonly string[]> {
  if (server.flavour === 'mysql' && Number.parseFloat(server.version) >= LOGS_CASCADES_FROM) {
    const native = await queryRows(
      connection,
      "SHOW GLOBAL VARIABLES LIKE 'innodb\\_native\\_foreign\\_keys'",
    );
    if (native[0]?.['Value'] !== 'ON') return [];
  }
  const rows = await queryRows(
    connection,
    `SELECT DISTINCT CONSTRAINT_SCHEMA AS db, TABLE_NAME AS name FROM information_schema.REFERENTIAL_CONSTRAINTS
     WHERE DELETE_RULE IN ('CASCADE', 'SET NULL') OR UPDATE_RULE IN ('CASCADE', 'SET NULL')`,
  );
  const captured = new Set(tables.map(({ database, table }) => tableId(database, table)));
  return rows.map((row) => tableId(String(row['db']), String(row['name']))).filter((id) => captured.has(id));
}
