import { selectExpression } from '@sluice/binlog';
import { quoteTable, type Connection } from '@sluice/mysql';
import { SelectImage } from '../snapshot/select-image.ts';
import type { SelectedRow } from '../snapshot/snapshot-table.ts';
import type { RowValues } from './orphan.ts';
import type { RowSlot } from './row-slots.ts';
import { valuesOf } from './row-values.ts';
import type { SqlStatements } from './sql-statements.ts';

/** Any state with a row tells the key. */
function whereOf({ table, states }: RowSlot, statements: SqlStatements): string {
  return statements.where(table, states.find((state) => state !== null) ?? []);
}

/**
 * What the server has in a slot now, as the binlog would tell it; null: no row. Throws what the driver throws.
 * @param isLocked nobody changes it until the transaction ends
 */
export async function presentRow(
  connection: Connection,
  slot: RowSlot,
  statements: SqlStatements,
  isLocked: boolean,
): Promise<RowValues | null> {
  const { table } = slot;
  const columns = table.columns.map(({ column }) => column);
  const expressions = columns.map((column, place) => `${selectExpression(column)} AS c${place}`).join(', ');
  const sql = `SELECT ${expressions} FROM ${quoteTable(table.database, table.table)} WHERE ${whereOf(slot, statements)}${isLocked ? ' FOR UPDATE' : ''}`;
  const [rows] = await connection.query({ sql, rowsAsArray: true, typeCast: false });
  const [row] = rows as unknown as readonly SelectedRow[];
  if (row === undefined) return null;
  const image = new SelectImage(columns);
  image.row = row;
  return valuesOf(image, table);
}
