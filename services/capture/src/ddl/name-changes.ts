import type { TableName } from '@sluice/envelope';
import type { DdlChange } from './ddl-change.ts';

/** A name under which a statement leaves other rows than before, or none. */
export interface NameChange {
  readonly table: TableName;
  readonly change: 'drop' | 'rename';
  /** That no table has the name any more: what was published under it is gone. */
  readonly isGone: boolean;
}

/**
 * The names that a statement takes from tables or gives to others, each once.
 *
 * @param lost the tables of a database that is dropped, as far as they are known
 */
export function nameChanges(
  { dropped, droppedDatabase, renamed }: DdlChange,
  lost: (database: string) => readonly TableName[],
): readonly NameChange[] {
  const gone = [...dropped, ...(droppedDatabase === null ? [] : lost(droppedDatabase))];
  const drops = gone.map((table) => ({ table, change: 'drop', isGone: true }) as const);
  const names = new Map<string, NameChange>();
  const note = (table: TableName, isGone: boolean): void => {
    names.set(`${table.database}\0${table.table}`, { table, change: 'rename', isGone });
  };
  for (const { from, to } of renamed) {
    note(from, true);
    note(to, false);
  }
  return [...drops, ...names.values()];
}
