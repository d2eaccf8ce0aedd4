import { idOf } from './phases.ts';
import type { Change } from './topic-changes.ts';
import type { ValueTable } from './value-table.ts';

/** SQL as it was written and the JSON that came of it. */
export type Example = readonly [sql: string, json: string];

const MOST = 3;
const LONGEST = 70;

/** The first few values of a table that are short enough for a page. */
export function examplesOf(table: ValueTable, changes: readonly Change[]): Example[] {
  if (table.columns.length > 2 && table.example === undefined) return [];
  const column = table.example ?? table.columns[0] ?? '';
  const examples: Example[] = [];
  for (const [row, { sql }] of table.rows.entries()) {
    const expression = sql[column] ?? '';
    const found = changes.find(({ id }) => id === idOf('snapshot', row))?.after?.get(column) ?? '';
    if (
      expression === '' ||
      expression === 'NULL' ||
      found === '' ||
      expression.length > LONGEST ||
      found.length > LONGEST
    )
      continue;
    if (examples.push([expression, found]) === MOST) break;
  }
  return examples;
}
