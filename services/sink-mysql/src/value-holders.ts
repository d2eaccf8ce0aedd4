import type { RowEnvelope } from '@sluice/envelope';
import { canonicalValues, selectList } from '@sluice/compare';
import type { ComparedColumn, ComparedTable } from '@sluice/compare';
import { toPipelineError, type PoolConnection, type RowDataPacket } from '@sluice/mysql';
import type { Delivery } from '@sluice/sink-kit';
import { SEQUENCE_COLUMN } from '@sluice/sql-sink';
import { keyIs } from './kept-columns.ts';
import { pendingRow, type PendingRow } from './row-statements.ts';
import type { KeyPlan, TargetTable } from './target-table.ts';
import { strangersOf } from './unique-conflicts.ts';

/**
 * Keys of the rows that give way when rows of one table are written: each holds a value of a unique index that one of them gets. As canonical
 * texts of the key columns, in key order. What the target does not take of a row, or of the table, its write says. Throws what the server does not answer.
 */
export async function valueHolders(
  connection: PoolConnection,
  table: TargetTable,
  rows: readonly Delivery[],
  compared: ComparedTable,
): Promise<readonly (readonly string[])[]> {
  const columns = compared.key.flatMap((place) => compared.columns[place] ?? []);
  const keys: (readonly string[])[] = [];
  for (const [position, row] of rows.entries()) {
    const find = async (): Promise<readonly (readonly string[])[]> => {
      const plan = table.keyPlan(Object.keys((row.envelope as RowEnvelope).payload.key));
      if (plan.otherUnique.length === 0) return [];
      return holdersOf(connection, { table, plan }, pendingRow(row, position, plan), columns);
    };
    keys.push(...(await unlessRefused(find)));
  }
  return keys;
}

async function holdersOf(
  connection: PoolConnection,
  { table, plan }: { readonly table: TargetTable; readonly plan: KeyPlan },
  row: PendingRow,
  columns: readonly ComparedColumn[],
): Promise<readonly (readonly string[])[]> {
  const condition = row.after === null ? '' : strangersOf({ table, plan }, row);
  if (condition === '') return [];
  const own = keyIs(table, row.envelope.payload.key);
  const [found] = await connection.query<RowDataPacket[]>({
    sql: `SELECT ${selectList(columns)} FROM ${table.sql} WHERE (${condition}) AND NOT (${own}) AND ${SEQUENCE_COLUMN} <= ${row.sequence}`,
    rowsAsArray: true,
    typeCast: false,
  });
  const texts = found as unknown as readonly (readonly (Buffer | null)[])[];
  return texts.map((values) =>
    canonicalValues(
      columns,
      values.map((value) => value?.toString('utf8') ?? null),
    ),
  );
}

async function unlessRefused<T>(find: () => Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await find();
  } catch (error) {
    const { errorClass } = toPipelineError(error);
    if (errorClass !== 'record' && errorClass !== 'schema') throw error;
    return [];
  }
}
