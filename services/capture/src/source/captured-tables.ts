import type { RowDataPacket } from 'mysql2';
import type { Connection } from 'mysql2/promise';
import { readTables, type TableDescription } from '@sluice/mysql';
import type { TableFilter } from '../state/table-filter.ts';

/** The tables of the source that the configuration captures, in name order. */
export async function readCapturedTables(
  connection: Connection,
  filter: TableFilter,
): Promise<readonly TableDescription[]> {
  const [rows] = await connection.query<RowDataPacket[]>({ sql: 'SHOW DATABASES', rowsAsArray: true });
  const databases = rows.map((row) => String(row[0]));
  const tables = await readTables(connection, databases);
  return tables.filter(({ database, table }) => filter.captures(database, table));
}
