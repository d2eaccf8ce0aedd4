import { tableIdOf } from '@sluice/envelope';
import { refused } from './masters.ts';
import type { OrphanTable, OrphanTransaction } from './orphan.ts';
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
