import { type DdlClass, tableId, tableIdOf, type TableName } from '@sluice/envelope';
import type { TableRegistry } from '../catalog/table-registry.ts';
import type { DdlChange, Renaming } from '../ddl/ddl-change.ts';
import type { DdlJournal } from '../ddl/ddl-journal.ts';
import { nameChanges, type NameChange } from '../ddl/name-changes.ts';
import type { Origin } from '../ddl/origins.ts';
import type { TableFilter } from '../model/table-filter.ts';

/** What is reported of a statement, or of a change without one. */
export interface Finding {
  readonly class: DdlClass;
  readonly tables: readonly TableName[];
  readonly shadow: boolean;
  readonly created: boolean;
  /** What was done before to the copy that takes the table's place. */
  readonly before: readonly string[];
  /** That no statement is known that did it. */
  readonly unseen?: true;
  /** Of an exposure: what hid the table. */
  readonly reason?: string;
}

export interface DdlFindingsParts {
  readonly filter: TableFilter;
  readonly registry: TableRegistry;
  readonly journal: DdlJournal;
}

/** What statements change of captured tables: which tables, and how. */
export class DdlFindings {
  readonly #parts: DdlFindingsParts;

  constructor({ filter, registry, journal }: DdlFindingsParts) {
    this.#parts = { filter, registry, journal };
  }

  /** What hid the table, or a part of it, and does so no longer; null when nothing does. */
  exposureBy({ from, to, replaces }: Origin): string | null {
    const { filter, registry, journal } = this.#parts;
    if (!this.captures(to)) return null;
    const hidden = registry.exposedBy(from, to);
    if (hidden !== null) return hidden;
    if (journal.isExposed(tableIdOf(from))) return `an alert that stops ${tableIdOf(from)}`;
    const isCopy = replaces || filter.isShadowOf(from, to);
    return !isCopy && filter.isExcluded(from.database, from.table) ? 'source.excludeTables' : null;
  }

  /**
   * Names that captured tables have lost or got. None by the swap of an online schema change: that is one change of its
   * table, told when the columns are known.
   */
  movedNames(change: DdlChange): readonly NameChange[] {
    if (this.#swapOf(change) !== undefined) return [];
    const { registry } = this.#parts;
    return nameChanges(change, (database) => registry.tablesOf(database)).filter(({ table }) =>
      this.captures(table),
    );
  }

  #swapOf({ renamed }: DdlChange): Renaming | undefined {
    const { filter } = this.#parts;
    return renamed.find(({ from, to }) => filter.isShadowOf(from, to) && this.captures(to));
  }

  /** One of each way in which a statement concerns captured tables, or copies of an online schema change. */
  *of(change: DdlChange): Generator<Finding> {
    if (change.class === null) return;
    const { filter, journal } = this.#parts;
    const touched = this.#touched(change);
    const shadows = touched.filter(({ database, table }) => filter.isShadow(database, table));
    const created = change.created !== null;
    const swap = this.#swapOf(change);
    const tables = touched.filter((table) => this.captures(table));
    if (swap !== undefined) {
      const done = journal.shadowChange(tableId(swap.from.database, swap.from.table));
      const kind = classOfSwap(done?.classes ?? ['breaking']);
      const before = done?.statements ?? [];
      yield { class: kind, tables: [swap.to], shadow: false, created: false, before };
    } else if (tables.length > 0) {
      yield { class: change.class, tables, shadow: false, created, before: [] };
    } else if (shadows.length > 0 && (created || change.altered.length > 0)) {
      yield { class: change.class, tables: shadows, shadow: true, created, before: [] };
    }
  }

  #touched(change: DdlChange): readonly TableName[] {
    const { created, renamed, dropped, droppedDatabase, altered } = change;
    const lost = droppedDatabase === null ? [] : this.#parts.registry.tablesOf(droppedDatabase);
    const all = [
      ...(created === null ? [] : [created]),
      ...renamed.flatMap(({ from, to }) => [from, to]),
      ...dropped,
      ...lost,
      ...altered,
    ];
    return [...new Map(all.map((name) => [tableId(name.database, name.table), name])).values()];
  }

  captures({ database, table }: TableName): boolean {
    return this.#parts.filter.captures(database, table);
  }
}

export function aboutTable(
  kind: 'additive' | 'breaking' | 'drop' | 'truncate' | 'xa' | 'exposure',
  table: TableName,
): Finding {
  return { class: kind, tables: [table], shadow: false, created: false, before: [] };
}

/** What became of the copy is what became of the table. */
function classOfSwap(classes: readonly DdlClass[]): DdlClass {
  return classes.every((kind) => kind === 'additive') ? 'additive' : 'breaking';
}
