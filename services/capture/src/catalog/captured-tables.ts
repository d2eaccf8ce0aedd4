import type { Connection } from 'mysql2/promise';
import { readTables, type TableDescription } from '@sluice/mysql';
import { queryRows } from '../source/query.ts';
import type { TableFilter } from '../model/table-filter.ts';

/** The tables of the source that the configuration captures, in name order. */
export async function readCapturedTables(
  connection: Connection,
  filter: TableFilter,
): Promise<readonly TableDescription[]> {
  const rows = await queryRows(connection, 'SHOW DATABASES');
  const databases = rows.map((row) => String(row['Database']));
  const tables = await readTables(connection, databases);
  return tables.filter(({ database, table }) => filter.captures(database, table));
}
