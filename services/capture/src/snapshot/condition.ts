import type { TableName } from '@sluice/envelope';
import { quoteTable, toPipelineError } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';
import type { RowDataPacket } from 'mysql2';
import { conditionProblem } from '../model/snapshot-sql.ts';

/**
 * Rows that a snapshot of the table will read, by the optimizer's guess; null when it has none.
 * Throws a PipelineError when the server refuses the condition.
 */
export async function estimateRows(
  connection: Connection,
  name: TableName,
  condition: string | null,
): Promise<number | null> {
  const where = condition === null ? '' : ` WHERE (${condition})`;
  // The form is named: since 9.x MySQL explains as a tree in one column unless told otherwise (explain_format).
  const sql = `EXPLAIN FORMAT=TRADITIONAL SELECT 1 FROM ${quoteTable(name.database, name.table)}${where}`;
  try {
    const [plan] = await connection.query<RowDataPacket[]>(sql);
    return rowsOf(plan[0]);
  } catch (error) {
    throw toPipelineError(error, condition === null ? 'connection' : 'item');
  }
}

/** MariaDB tells no share of rows that pass the condition. */
function rowsOf(step: RowDataPacket | undefined): number | null {
  const rows = Number(step?.['rows'] ?? Number.NaN);
  const share = Number(step?.['filtered'] ?? 100) / 100;
  return Number.isFinite(rows * share) ? Math.round(rows * share) : null;
}

/**
 * Throws SNAPSHOT_REFUSED when the condition cannot be used on this table: by its form, or by the server's word.
 */
export async function checkCondition(
  connection: Connection,
  name: TableName,
  condition: string,
): Promise<void> {
  const problem = conditionProblem(condition);
  if (problem !== null) throw new PipelineError('SNAPSHOT_REFUSED', `The condition is refused: ${problem}.`);
  try {
    await estimateRows(connection, name, condition);
  } catch (error) {
    const failure = toPipelineError(error);
    if (failure.errorClass === 'retryable') throw failure;
    const words = wordsOf(failure);
    throw new PipelineError(
      'SNAPSHOT_REFUSED',
      `The server refuses the condition on ${name.database}.${name.table}: ${words}`,
      { cause: error },
    );
  }
}

/** ER_BAD_FIELD_ERROR, ER_PARSE_ERROR, ER_SP_DOES_NOT_EXIST, ER_WRONG_PARAMCOUNT_TO_NATIVE_FCT: they quote the condition alone. */
const OF_THE_CONDITION: ReadonlySet<unknown> = new Set([1054, 1064, 1305, 1582]);

/** The server may evaluate the condition while it explains it, and quote what a row holds: then its number has to do. */
function wordsOf({ cause, context, message }: PipelineError): string {
  return cause instanceof Error && OF_THE_CONDITION.has(context['errno']) ? cause.message : message;
}
