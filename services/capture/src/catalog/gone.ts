import type { TableName } from '@sluice/envelope';
import { quoteIdentifier, quoteTable } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';
import { queryRows } from '../source/query.ts';

/** What the server no longer has: the whole table, or each of the columns; null when one of them is there. */
export type Gone = 'table' | 'columns' | null;

/**
 * Asks by a SELECT: information_schema also keeps silent about what is there and the account may not see. Throws a
 * PipelineError with a MYSQL_… code, MYSQL_PRIVILEGE_MISSING for such a table or column.
 */
export async function findGone(
  connection: Connection,
  { database, table }: TableName,
  columns: readonly string[],
): Promise<Gone> {
  for (const column of columns) {
    const gone = await tryColumn(connection, quoteTable(database, table), quoteIdentifier(column));
    if (gone !== 'columns') return gone;
  }
  return 'columns';
}

async function tryColumn(connection: Connection, table: string, column: string): Promise<Gone> {
  try {
    await queryRows(connection, `SELECT ${column} AS known FROM ${table} LIMIT 0`);
    return null;
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    if (error.code === 'MYSQL_COLUMN_UNKNOWN') return 'columns';
    if (error.code === 'MYSQL_TABLE_UNKNOWN' || error.code === 'MYSQL_DATABASE_UNKNOWN') return 'table';
    throw error;
  }
}
