import type { TableName } from '@sluice/envelope';
import { quoteTable, toPipelineError } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';
import type { RowDataPacket } from 'mysql2';

const CONDITION_CHARACTERS_MAX = 4000;
/** A text or a quoted name, with doubled and escaped quotes inside; then what ends a statement, hides a part of it, or opens and closes. */
const TOKEN = /'(?:[^'\\]|\\[^]|'')*'|"(?:[^"\\]|\\[^]|"")*"|`(?:[^`]|``)*`|--|#|\/\*|;|['"`()]|[\w@]+/gu;
const REFUSED_WORDS = new Set(['select', 'table', 'into', 'for', 'lock', 'union', 'limit', 'order', 'group']);

/**
 * What is wrong with a condition as a piece of SQL; null when it can stand between brackets and speaks of one row only.
 * Whether its columns exist is for the server to say.
 */
export function conditionProblem(condition: string): string | null {
  if (condition.trim() === '') return 'it is empty';
  if (condition.length > CONDITION_CHARACTERS_MAX)
    return `it is longer than ${CONDITION_CHARACTERS_MAX} characters`;
  let depth = 0;
  for (const [token] of condition.matchAll(TOKEN)) {
    if (token === '(') depth++;
    else if (token === ')') depth--;
    else if (/^(?:--|#|\/\*|;)$/u.test(token)) return `${token} is not allowed outside of a text`;
    else if (/^['"`]$/u.test(token)) return 'a quote is not closed';
    else if (token.startsWith('@')) return 'variables are not allowed';
    else if (REFUSED_WORDS.has(token.toLowerCase()))
      return `it may only speak of the row itself, without ${token}`;
    if (depth < 0) return 'a bracket is closed that was not opened';
  }
  return depth === 0 ? null : 'a bracket is not closed';
}

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
    const { cause } = failure;
    // The operator's own SQL, no row: the server's words may be shown.
    const words = cause instanceof Error ? cause.message : failure.message;
    throw new PipelineError(
      'SNAPSHOT_REFUSED',
      `The server refuses the condition on ${name.database}.${name.table}: ${words}`,
      { cause: error },
    );
  }
}
