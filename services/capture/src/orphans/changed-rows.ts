import type { RowsEvent } from '@sluice/binlog';
import { tableIdOf } from '@sluice/envelope';
import type { StreamPosition } from '../model/position.ts';
import { refused } from './masters.ts';
import { keyOf, type OrphanRow } from './orphan.ts';
import type { OrphanTables } from './orphan-tables.ts';
import { placeText } from './refuse-orphans.ts';
import { rowsOf } from './row-values.ts';

/** Which rows orphans have changed. A change that both masters have may stand behind an orphan, but not upon it. */
export class ChangedRows {
  readonly #tables: OrphanTables;
  readonly #keys = new Set<string>();
  readonly #names = new Set<string>();

  constructor(tables: OrphanTables) {
    this.#tables = tables;
  }

  note(row: OrphanRow): void {
    this.#names.add(tableIdOf(row.table));
    for (const key of keysOf(row)) this.#keys.add(key);
  }

  /** Throws ORPHANS_REFUSED when a row of a later transaction, which both masters have, is one of them. */
  refuseUpon(rows: RowsEvent, place: StreamPosition): void {
    if (!this.#names.has(tableIdOf(rows.table))) return;
    const table = this.#tables.of(rows.table);
    for (const row of rowsOf(rows, table, place))
      if (keysOf(row).some((key) => this.#keys.has(key)))
        throw refused(
          `a row of ${tableIdOf(table)} that an orphaned transaction changed was changed again at ${placeText(place)} by one that both masters have: the orphan does not stand for itself`,
        );
  }
}

function keysOf({ table, before, after }: OrphanRow): string[] {
  const images = [before, after].filter((values) => values !== null);
  return images.map((values) => `${tableIdOf(table)} ${keyOf(table, values)}`);
}
