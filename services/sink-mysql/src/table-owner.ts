import {
  describeMysqlError,
  quoteTable,
  type PoolConnection,
  type RowDataPacket,
  quote,
} from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import { SEQUENCE_COLUMN } from '@sluice/sql-sink';
import { SEQUENCE_DEFINITION } from './table-definition.ts';
import { CODES } from './errors.ts';

const MARK = 'sluice: ';

/**
 * Writes down whose copy a table is, as the comment of Sluice's own column: two pipelines, two sinks of one, two source databases that
 * `databases` maps to one, and names that differ in case on a server that ignores it would mix their rows otherwise. A
 * table without an owner gets this one, if the account may alter it; one that is not there yet is left to who makes it.
 * Resolves to whether what is there says so. Throws TARGET_TABLE_REFUSED when it has another owner.
 * @param owner the topics' prefix, the `tableId` of the source's table, and the sink where it has a name of its own
 */
export async function claimTable(
  connection: PoolConnection,
  database: string,
  table: string,
  owner: string,
): Promise<boolean> {
  const [rows] = await connection.query<RowDataPacket[]>({
    sql: 'SELECT COLUMN_COMMENT FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND COLUMN_NAME = ?',
    values: [database, table, SEQUENCE_COLUMN],
    rowsAsArray: true,
  });
  const [column] = rows;
  if (column === undefined) return true;
  const comment = String(column[0]);
  if (comment === MARK + owner) return true;
  const id = quoteTable(database, table);
  const clause = `MODIFY COLUMN ${SEQUENCE_DEFINITION}`;
  if (comment.startsWith(MARK)) {
    throw new PipelineError(
      CODES.TARGET_TABLE_REFUSED,
      `${id} is the copy of ${comment.slice(MARK.length)}, not of ${owner}: map one of the two to another database (\`databases\` of the sink); if the other no longer exists: ALTER TABLE ${id} ${clause}`,
    );
  }
  try {
    await connection.query(`ALTER TABLE ${id} ${clause} COMMENT ${quote(MARK + owner)}`);
    return true;
  } catch (error) {
    if (describeMysqlError(error).kind === 'privilege') return false;
    throw error;
  }
}
