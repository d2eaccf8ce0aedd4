import { tableIdOf, type TableName } from '@sluice/envelope';
import type { ColumnCatalog } from '../catalog/column-catalog.ts';
import type { TableRegistry } from '../catalog/table-registry.ts';
import type { DdlChange } from '../ddl/ddl-change.ts';
import type { LoggedStatement } from '../ddl/ddl.ts';
import { nameChanges } from '../ddl/name-changes.ts';
import type { TableFilter } from '../model/table-filter.ts';
import type { TableNames } from './table-names.ts';
import type { TableWork, TableWorkQueue } from './table-work.ts';

export interface DdlEffectsParts {
  readonly filter: TableFilter;
  readonly registry: TableRegistry;
  readonly columnCatalog: ColumnCatalog;
  /** Takes what is learned of tables. */
  readonly work: TableWorkQueue;
  /** Whether a table cannot be captured as it was last seen, by `database.table`. */
  readonly isRefused: (id: string) => boolean;
  /** Whether it matters that a DDL may take a trigger, a view or a foreign key away. */
  readonly isUnsure: () => boolean;
}

type Statement = Pick<LoggedStatement, 'sql' | 'sqlMode'>;

/** DDL that only makes something, is about temporary tables or accounts. */
const TAKES_NOTHING =
  /^(?:\s|\/\*(?!M?!)[\s\S]*?\*\/)*(?:CREATE\s+(?!OR\b)|DROP\s+(?:\/\*!\d+\s*)?TEMPORARY\b|(?:ALTER|DROP|RENAME)\s+(?:USER|ROLE)\b)/iu;

/** What a DDL means for tables: their names, and the work that it leaves. */
export class DdlEffects {
  readonly #parts: DdlEffectsParts;
  readonly #names: TableNames;
  #passed = 0;

  constructor(parts: DdlEffectsParts, names: TableNames) {
    this.#parts = parts;
    this.#names = names;
  }

  /** DDL statements passed: what is known of a table's columns from elsewhere is good as long as it stays the same. */
  get passed(): number {
    return this.#passed;
  }

  /** @returns whether it makes a table that was not there before */
  note(change: DdlChange, statement: Statement): boolean {
    const { work, isUnsure } = this.#parts;
    const { created, filled, renamed, altered, movedToEngine } = change;
    this.#passed++;
    if (isUnsure() && !TAKES_NOTHING.test(statement.sql)) work.add({ kind: 'answers-doubtful' });
    this.#noteColumns(change, statement);
    const isNew = created !== null && this.#names.create(created, change.isNew);
    if (filled !== null && created !== null) this.#names.alter(created);
    this.#noteNames(change);
    // What was read under a name that is given up is worth nothing, before the name has another table.
    if (created !== null) this.#learn({ kind: 'created', table: created, isNew });
    for (const { to } of renamed) this.#learn({ kind: 'renamed', table: to });
    for (const table of altered) {
      this.#names.alter(table);
      this.#learn({ kind: 'altered', table });
    }
    if (movedToEngine !== null && this.#parts.isRefused(tableIdOf(movedToEngine)))
      this.#learn({ kind: 'unreadable', table: movedToEngine });
    return isNew;
  }

  /** Of a table whose name another has got the server alone tells the columns. */
  #noteColumns({ created, renamed, altered }: DdlChange, statement: Statement): void {
    const { work, columnCatalog } = this.#parts;
    const others = [...(created === null ? [] : [created]), ...renamed.map(({ to }) => to)];
    const note = (table: TableName, alter: Statement | null): void => {
      if (columnCatalog.mayRenew(table)) work.add({ kind: 'columns', table, alter });
    };
    for (const table of others) note(table, null);
    for (const table of altered) note(table, statement);
  }

  #noteNames(change: DdlChange): void {
    const { registry, work } = this.#parts;
    if (change.droppedDatabase !== null)
      work.add({ kind: 'database-dropped', database: change.droppedDatabase });
    for (const { table, isGone } of nameChanges(change, (database) => registry.tablesOf(database))) {
      if (!isGone) {
        this.#names.give(table);
        continue;
      }
      this.#names.take(table);
      this.#learn({ kind: 'dropped', table });
    }
  }

  #learn(work: Extract<TableWork, { readonly table: TableName }>): void {
    if (this.#parts.filter.captures(work.table.database, work.table.table)) this.#parts.work.add(work);
  }
}
