import { quoteTable, type TableDescription } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';
import type { PreflightProblem } from '../preflight.ts';
import { tableId } from '../state/table.ts';
import type { TableName } from '../stream/statement-text.ts';
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

/** Seconds that a question about a table waits for somebody's lock of it. */
const LOCK_WAIT_S = 2;

/** Whether a table is captured. */
type IsCaptured = (database: string, table: string) => boolean;

/**
 * Captured tables with rows that a foreign key deletes or changes inside the storage engine: these changes are not in
 * the binlog (https://dev.mysql.com/doc/refman/8.4/en/innodb-and-mysql-replication.html), so nobody can publish them.
 * As `database.table`, sorted.
 */
export async function findUnloggedCascades(
  connection: Connection,
  server: ServerFacts,
  isCaptured: IsCaptured,
): Promise<readonly string[]> {
  if (server.flavour === 'mariadb') return mariadbCascades(connection, isCaptured);
  if (Number.parseFloat(server.version) >= LOGS_CASCADES_FROM) {
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
  return capturedNames(rows, isCaptured).map(({ database, table }) => tableId(database, table));
}

/** MariaDB shows its REFERENTIAL_CONSTRAINTS to nobody who may only SELECT: the tables are named elsewhere, and tell themselves. */
async function mariadbCascades(connection: Connection, isCaptured: IsCaptured): Promise<readonly string[]> {
  const rows = await queryRows(
    connection,
    `SELECT DISTINCT TABLE_SCHEMA AS db, TABLE_NAME AS name FROM information_schema.KEY_COLUMN_USAGE
     WHERE REFERENCED_TABLE_NAME IS NOT NULL`,
  );
  const found: string[] = [];
  for (const { database, table } of capturedNames(rows, isCaptured))
    if (hasCascade(await createStatement(connection, database, table))) found.push(tableId(database, table));
  return found;
}

/** @param text of SHOW CREATE TABLE, with a line for each constraint */
export function hasCascade(text: string): boolean {
  return /^\s*CONSTRAINT .*FOREIGN KEY .* ON (?:DELETE|UPDATE) (?:CASCADE|SET NULL)\b/mu.test(text);
}

/** '' of a table that is gone, that the account may not read (it is not captured then), or that is locked: asked again later. */
async function createStatement(connection: Connection, database: string, table: string): Promise<string> {
  try {
    const rows = await queryRows(
      connection,
      `SET STATEMENT lock_wait_timeout = ${LOCK_WAIT_S} FOR SHOW CREATE TABLE ${quoteTable(database, table)}`,
    );
    return String(rows[0]?.['Create Table'] ?? '');
  } catch (error) {
    const isPassing = error instanceof PipelineError && error.errorClass === 'retryable';
    if (error instanceof PipelineError && (!isPassing || error.code === 'MYSQL_BUSY')) return '';
    throw error;
  }
}

function capturedNames(
  rows: readonly { readonly [column: string]: unknown }[],
  isCaptured: IsCaptured,
): readonly TableName[] {
  return rows
    .map((row) => ({ database: String(row['db']), table: String(row['name']) }))
    .filter(({ database, table }) => isCaptured(database, table))
    .sort((one, two) => (tableId(one.database, one.table) < tableId(two.database, two.table) ? -1 : 1));
}
