import { tableIdOf, type TableName } from '@sluice/envelope';
import { quoteTable, toPipelineError } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';
import type { RowDataPacket } from 'mysql2';
import { shownStatement } from '../ddl/shown-statement.ts';
import { conditionProblem } from '../model/snapshot-sql.ts';
import type { TableSchema } from '../model/table.ts';
import { ConditionError, parseCondition } from '../transform/condition-parser.ts';
import { conditionOutline, conditionSql, type AskedColumns } from '../transform/condition-sql.ts';

export interface AskedTable extends Pick<AskedColumns, 'isHidden'> {
  readonly schema: TableSchema;
}

/**
 * What stands in WHERE; null for all rows. Throws SNAPSHOT_REFUSED when that is not for this table.
 * @param condition of a job: what is none of our own language is SQL
 * @param allowsSql `snapshot.allowSql`
 */
export function whereOf(table: AskedTable, condition: string | null, allowsSql: boolean): string | null {
  if (condition === null) return null;
  return isSql(condition) ? allowedSql(condition, allowsSql) : writtenSql(condition, table);
}

function isSql(condition: string): boolean {
  try {
    parseCondition(condition);
    return false;
  } catch {
    return true;
  }
}

/** A piece of SQL as the condition of a job, which nobody takes for one of our own language. */
export function asSql(sql: string): string {
  return isSql(sql) ? sql : `TRUE AND (${sql})`;
}

/** Throws SNAPSHOT_REFUSED unless this is a condition of our own language. */
export function requireCondition(condition: string): void {
  try {
    parseCondition(condition);
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    throw refused(`The condition ${error.message}`);
  }
}

function allowedSql(sql: string, isAllowed: boolean): string {
  if (!isAllowed)
    throw refused(
      'The rows are chosen by SQL, and snapshot.allowSql is false. Fix: write it as a condition (docs/operations.md, "Snapshots"), or set snapshot.allowSql: true',
    );
  const problem = conditionProblem(sql);
  if (problem !== null) throw refused(`The SQL is refused: ${problem}`);
  return sql;
}

function writtenSql(condition: string, table: AskedTable): string {
  try {
    return conditionSql(condition, { columns: table.schema.columns, isHidden: table.isHidden });
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error;
    throw refused(`The condition on ${tableIdOf(table.schema)} ${error.message}`);
  }
}

/** The choice as it may be logged: without a literal. Null for all rows. */
export function outlineOf(condition: string | null): string | null {
  if (condition === null) return null;
  return isSql(condition)
    ? shownStatement(condition, { flavour: 'mysql', sqlMode: 0 })
    : conditionOutline(condition);
}

/**
 * Rows that a snapshot of the table will read, by the optimizer's guess; null when it has none.
 * Throws a PipelineError when the server refuses the condition.
 * @param where SQL that a row must fulfil; null for all rows
 */
export async function estimateRows(
  connection: Connection,
  name: TableName,
  where: string | null,
): Promise<number | null> {
  const condition = where === null ? '' : ` WHERE (${where})`;
  // The form is named: since 9.x MySQL explains as a tree in one column unless told otherwise (explain_format).
  const sql = `EXPLAIN FORMAT=TRADITIONAL SELECT 1 FROM ${quoteTable(name.database, name.table)}${condition}`;
  try {
    const [plan] = await connection.query<RowDataPacket[]>(sql);
    return rowsOf(plan[0]);
  } catch (error) {
    throw toPipelineError(error, where === null ? 'connection' : 'item');
  }
}

/** MariaDB tells no share of rows that pass the condition. */
function rowsOf(step: RowDataPacket | undefined): number | null {
  const rows = Number(step?.['rows'] ?? Number.NaN);
  const share = Number(step?.['filtered'] ?? 100) / 100;
  return Number.isFinite(rows * share) ? Math.round(rows * share) : null;
}

/**
 * Throws SNAPSHOT_REFUSED when the server refuses the condition. It may evaluate it while it explains it and quote what a row
 * holds, so the number of its error has to do.
 */
export async function checkCondition(connection: Connection, name: TableName, where: string): Promise<void> {
  try {
    await estimateRows(connection, name, where);
  } catch (error) {
    const failure = toPipelineError(error);
    if (failure.errorClass === 'retryable') throw failure;
    throw refused(`The server refuses the condition on ${tableIdOf(name)}: ${failure.message}`, error);
  }
}

function refused(message: string, cause?: unknown): PipelineError {
  return new PipelineError('SNAPSHOT_REFUSED', `${message}.`, { cause });
}
