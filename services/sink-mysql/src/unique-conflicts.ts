import type { Sequence } from '@sluice/envelope';
import { describeMysqlError, quoteIdentifier, type RowDataPacket, equalLiteral } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import { SEQUENCE_COLUMN, toSequence } from '@sluice/sql-sink';
import { insertStatements, type PendingRow } from './row-statements.ts';
import { send, type RowTask } from './row-task.ts';

/**
 * Inserts rows whose keys are free into a table with further unique indexes. The source had every value unique at each
 * moment, so where another row holds the value, the one with the lower sequence is out of date and its own newer change is
 * on its way: that row is removed, or ours is left out. Resolves to the rows that were left out. Throws MYSQL_CONSTRAINT for
 * two rows that the source is known to have both: what it has not unique the target must not demand.
 */
export async function insertAgainstStrangers(
  task: RowTask,
  rows: readonly PendingRow[],
): Promise<PendingRow[]> {
  const outdated: PendingRow[] = [];
  for (const statement of insertStatements(task.table, rows, 'insert')) {
    if (await isInserted(task, statement.sql)) continue;
    const oldestFirst = statement.rows.toSorted((a, b) => (a.sequence < b.sequence ? -1 : 1));
    for (const row of oldestFirst) {
      if (!(await insertOne(task, row))) outdated.push(row);
    }
  }
  return outdated;
}

/** False when a stranger with a newer value keeps the row out. */
async function insertOne(task: RowTask, row: PendingRow): Promise<boolean> {
  const [statement] = insertStatements(task.table, [row], 'insert');
  if (statement === undefined || (await isInserted(task, statement.sql))) return true;
  const condition = strangersOf(task, row);
  const newest = condition === '' ? null : await newestStranger(task, condition);
  // Rows of one read of a snapshot: no other two have one sequence. A repair's is that of rows which it finds wrong, too.
  if (newest === row.sequence && task.purpose !== 'repair') throw notUnique(task);
  if (newest !== null) task.onDisplaced(1);
  if (newest !== null && newest > row.sequence) return false;
  // Without a stranger to be found the conflict is not of this kind: the second INSERT throws it.
  if (newest !== null) await task.connection.query(`DELETE FROM ${task.table.sql} WHERE ${condition}`);
  await send(task, statement.sql);
  return true;
}

function notUnique({ table, plan }: RowTask): PipelineError {
  const indexes = plan.otherUnique.map((columns) => `(${columns.map(quoteIdentifier).join(', ')})`);
  return new PipelineError(
    'MYSQL_CONSTRAINT',
    `${table.sql}: two rows of the source have one value of a unique index that only the target has, of ${indexes.join(' or ')}; drop that index`,
  );
}

async function isInserted(task: RowTask, sql: string): Promise<boolean> {
  try {
    await send(task, sql);
    return true;
  } catch (error) {
    if (describeMysqlError(error).kind === 'duplicate') return false;
    throw error;
  }
}

/** Condition for the rows that hold a unique value of this row; '' when it has none (NULLs never collide). */
export function strangersOf({ table, plan }: Pick<RowTask, 'table' | 'plan'>, row: PendingRow): string {
  const values = new Map(
    table
      .insertPlan(row.envelope, row.after ?? {})
      .columns.map(({ name, codec }) => [name, equalLiteral(codec, row.after?.[name] ?? null)]),
  );
  return plan.otherUnique
    .filter((columns) => columns.every((name) => (values.get(name) ?? 'NULL') !== 'NULL'))
    .map((columns) => columns.map((name) => `${quoteIdentifier(name)}=${values.get(name)}`).join(' AND '))
    .map((condition) => `(${condition})`)
    .join(' OR ');
}

async function newestStranger({ connection, table }: RowTask, condition: string): Promise<Sequence | null> {
  const [found] = await connection.query<RowDataPacket[]>({
    sql: `SELECT ${SEQUENCE_COLUMN} FROM ${table.sql} WHERE ${condition} FOR UPDATE`,
    rowsAsArray: true,
  });
  const sequences = found.map((columns) => toSequence(columns[0]));
  return sequences.toSorted().at(-1) ?? null;
}
