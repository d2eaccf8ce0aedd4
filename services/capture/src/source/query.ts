import type { RowDataPacket } from 'mysql2';
import type { Connection } from 'mysql2/promise';
import { toPipelineError } from '@sluice/mysql';

/** A server that is there answers such questions long before; where packets vanish without a word, nothing else would end the wait. */
const ANSWER_MS = 120_000;

/** The rows of a statement that reads facts, not tables. Throws a PipelineError with a MYSQL_… code. */
export async function queryRows(
  connection: Connection,
  sql: string,
  values: readonly (string | number)[] = [],
): Promise<RowDataPacket[]> {
  try {
    const [rows] = await connection.query<RowDataPacket[]>({ sql, timeout: ANSWER_MS }, [...values]);
    return rows;
  } catch (error) {
    throw toPipelineError(error);
  }
}
