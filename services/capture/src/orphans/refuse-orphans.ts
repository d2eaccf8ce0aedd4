import { NO_FOREIGN_KEY_CHECKS, SQL_FOREIGN_KEYS, type RowsEvent } from '@sluice/binlog';
import { tableIdOf } from '@sluice/envelope';
import type { CascadingKey } from '../catalog/cascading-keys.ts';
import { refused } from './masters.ts';
import type { OrphanRow, OrphanTable, OrphanTransaction } from './orphan.ts';
import type { StreamPosition } from '../model/position.ts';

export const placeText = ({ file, position }: StreamPosition): string => `${file}:${position}`;

/** Throws ORPHANS_REFUSED for a transaction that is more than changes of rows. */
export function refuseStatements({ gtid, statements }: OrphanTransaction): void {
  const [first] = statements;
  if (first === undefined) return;
  const { place, text } = first;
  throw refused(
    `the orphaned transaction ${gtid} has a statement at ${placeText(place)}, which no row image tells: ${text}`,
  );
}

/** Throws ORPHANS_REFUSED for a table whose rows nothing tells apart. */
export function refuseKeyless(table: OrphanTable, place: StreamPosition): void {
  if (table.key.length > 0) return;
  const id = tableIdOf(table);
  throw refused(
    `${id} has no primary key, and orphaned rows at ${placeText(place)}: nothing tells its rows apart. If it has columns that do, name them in source.keys["${id}"]`,
  );
}

/** The foreign key by which a row that goes, or gets another key, changes rows of other tables; null: none does. */
export function cascadeOf(
  cascades: readonly CascadingKey[],
  { table, before, after }: Pick<OrphanRow, 'table' | 'before' | 'after'>,
): CascadingKey | null {
  if (before === null) return null;
  const id = tableIdOf(table);
  const isOther = (name: string): boolean => {
    const at = table.columns.findIndex(({ column }) => column.name.toLowerCase() === name.toLowerCase());
    return after === null || before[at] !== after[at];
  };
  const key = cascades.find(
    ({ parent, referenced, onDelete, onUpdate }) =>
      tableIdOf(parent) === id && (after === null ? onDelete : onUpdate) !== null && referenced.some(isOther),
  );
  return key ?? null;
}

/** Throws ORPHANS_REFUSED for such a row: only MySQL from 9.6 on writes what its foreign keys change to its binlog. */
export function refuseCascade(
  cascades: readonly CascadingKey[],
  { flags }: Pick<RowsEvent, 'flags'>,
  row: OrphanRow,
): void {
  if ((flags & (SQL_FOREIGN_KEYS | NO_FOREIGN_KEY_CHECKS)) !== 0) return;
  const key = cascadeOf(cascades, row);
  if (key === null) return;
  const { table, place } = row;
  throw refused(
    `the orphaned change of ${tableIdOf(table)} at ${placeText(place)} has changed rows of ${tableIdOf(key.child)} by a foreign key, and the binlog does not tell which`,
  );
}
