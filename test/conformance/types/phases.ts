import { quoteIdentifier } from '@sluice/mysql';
import type { ValueTable } from './value-table.ts';

/**
 * What is done with each row of a table: it is there before capture begins, or it is inserted, updated to the values of
 * the next row, deleted, given the key of the next row. The phase and the row make up the id.
 */
export const PHASES = ['snapshot', 'insert', 'update', 'delete', 'key'] as const;
export type Phase = (typeof PHASES)[number];

const IDS_A_PHASE = 1000;

export function idOf(phase: Phase, row: number): number {
  return PHASES.indexOf(phase) * IDS_A_PHASE + row + 1;
}

export function createStatement(table: ValueTable): string {
  return `CREATE TABLE ${quoteIdentifier(table.name)} (${table.definition})`;
}

/** One INSERT of all rows for a phase. IGNORE: some values cannot be written without a warning. */
export function insertStatements(table: ValueTable, phase: Phase): string[] {
  return table.rows.map(({ sql }, row) => {
    const names = ['id', ...Object.keys(sql)].map(quoteIdentifier);
    const values = [String(idOf(phase, row)), ...Object.values(sql)];
    return `INSERT IGNORE INTO ${quoteIdentifier(table.name)} (${names.join(', ')}) VALUES (${values.join(', ')})`;
  });
}

/** What happens while capture streams, in order. */
export function streamStatements(table: ValueTable): string[] {
  const inserts = PHASES.filter((phase) => phase !== 'snapshot').flatMap((phase) =>
    insertStatements(table, phase),
  );
  const rows = table.rows.map((_row, row) => row);
  const isKey = (column: string): boolean => table.key.includes(column);
  return [
    ...inserts,
    ...rows.flatMap((row) => updateStatement(table, 'update', row, (column) => !isKey(column))),
    ...rows.flatMap((row) => updateStatement(table, 'key', row, isKey)),
    `DELETE FROM ${quoteIdentifier(table.name)} WHERE id BETWEEN ${idOf('delete', 0)} AND ${idOf('delete', rows.length)}`,
  ];
}

export function nextRow(table: ValueTable, row: number): number {
  return (row + 1) % table.rows.length;
}

function updateStatement(
  table: ValueTable,
  phase: Phase,
  row: number,
  wanted: (column: string) => boolean,
): string[] {
  const next = table.rows[nextRow(table, row)]!.sql;
  const columns = table.columns.filter((column) => wanted(column) && next[column] !== undefined);
  if (columns.length === 0) return [];
  const values = columns.map((column) => `${quoteIdentifier(column)} = ${next[column]}`);
  return [
    `UPDATE IGNORE ${quoteIdentifier(table.name)} SET ${values.join(', ')} WHERE id = ${idOf(phase, row)}`,
  ];
}
