import { escape, escapeId } from 'mysql2';
import type { SqlRow, SqlValue } from './shop-rows.ts';
import type { ShopTable } from './shop-schema.ts';

/** One statement, and how many rows it must change: a statement that changes others is a bug of the workload. */
export interface Change {
  readonly sql: string;
  readonly rows: number;
}

export function insertRows(table: ShopTable, rows: readonly SqlRow[]): Change {
  const columns = table.columns.map((column) => escapeId(column)).join(', ');
  const tuples = rows.map((row) => `(${row.map((value) => escape(value)).join(', ')})`).join(', ');
  return { sql: `INSERT INTO ${table.name} (${columns}) VALUES ${tuples}`, rows: rows.length };
}

/** `revision` grows in every update, so that no update leaves its row as it was (the binlog would not show it). */
export function updateRows(
  table: ShopTable,
  values: Readonly<Record<string, SqlValue>>,
  where: Where,
): Change {
  const assignments = Object.entries(values).map(
    ([column, value]) => `${escapeId(column)} = ${escape(value)}`,
  );
  const sets = [...assignments, 'revision = revision + 1'].join(', ');
  return { sql: `UPDATE ${table.name} SET ${sets} WHERE ${where.sql}`, rows: where.rows };
}

export function deleteRows(table: ShopTable, where: Where): Change {
  return { sql: `DELETE FROM ${table.name} WHERE ${where.sql}`, rows: where.rows };
}

interface Where {
  readonly sql: string;
  readonly rows: number;
}

export function keyIs(column: string, keys: readonly (string | number)[]): Where {
  return { sql: `${escapeId(column)} IN (${keys.map((key) => escape(key)).join(', ')})`, rows: keys.length };
}

export function lineIs(order: number, lines: readonly number[]): Where {
  return { sql: `order_id = ${order} AND line IN (${lines.join(', ')})`, rows: lines.length };
}
