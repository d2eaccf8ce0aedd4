import type { RowDataPacket } from 'mysql2';
import type { Connection } from 'mysql2/promise';
import { toPipelineError } from '@sluice/mysql';

/** The rows of a statement. Throws a PipelineError with a MYSQL_… code. */
export async function queryRows(
  connection: Connection,
  sql: string,
  values: readonly (string | number)[] = [],
): Promise<RowDataPacket[]> {
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql, [...values]);
    return rows;
  } catch (error) {
    throw toPipelineError(error);
  }
}
