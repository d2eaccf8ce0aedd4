import { quoteIdentifier, type TableDescription } from '@sluice/mysql';
import { fittingColumn } from './fitting-column.ts';
import { checkKey, foldName, type TableSchema } from './table-definition.ts';

/**
 * How a table's rows come to be told apart by the source's key. Nothing to do where its primary key or another unique index
 * is on exactly these columns.
 */
export class KeyChange {
  /** The key is on other columns, not only on columns of other names. */
  readonly isNeeded: boolean;
  readonly #old: ReadonlySet<string>;
  readonly #new: ReadonlySet<string>;
  readonly #renamed: ReadonlyMap<string, string>;
  readonly #table: TableDescription;
  readonly #schema: TableSchema;

  constructor(table: TableDescription, schema: TableSchema) {
    this.#table = table;
    this.#schema = schema;
    this.#old = new Set(table.primaryKey.map(foldName));
    this.#new = new Set(schema.keyColumns.map(foldName));
    const usable = table.uniqueIndexes.filter(({ usableAsKey }) => usableAsKey).map(({ columns }) => columns);
    const isThere = [table.primaryKey, ...usable].some((columns) => this.#isNew(columns));
    this.#renamed = isThere ? new Map() : renamedKey(table, schema);
    this.isNeeded = !isThere && this.#renamed.size === 0;
  }

  /** The name that a column of the primary key has in the source now, where it is another. */
  newNameOf(name: string): string | undefined {
    return this.#renamed.get(name);
  }

  /** That a column of the primary key is to have this name. */
  renamesTo(name: string): boolean {
    return [...this.#renamed.values()].includes(name);
  }

  /** The column is no part of the primary key yet, and is to be. */
  joins(name: string): boolean {
    return this.isNeeded && this.#new.has(foldName(name)) && !this.#old.has(foldName(name));
  }

  /** The column is part of the primary key, and is not to be. */
  leaves(name: string): boolean {
    return this.isNeeded && this.#old.has(foldName(name)) && !this.#new.has(foldName(name));
  }

  /** Clauses of ALTER TABLE. Throws TARGET_TABLE_REFUSED for a key that no row can be found by. */
  get clauses(): readonly string[] {
    if (!this.isNeeded) return [];
    checkKey(this.#schema);
    const added = `ADD PRIMARY KEY (${this.#schema.keyColumns.map(quoteIdentifier).join(', ')})`;
    return this.#table.primaryKey.length === 0 ? [added] : ['DROP PRIMARY KEY', added];
  }

  #isNew(columns: readonly string[]): boolean {
    return columns.length === this.#new.size && columns.every((name) => this.#new.has(foldName(name)));
  }
}

/**
 * A key column that is gone and another at its place in the key that is new: one column with a new name. Taken for that, even
 * a column dropped and another made ends right, for the table is read again.
 */
function renamedKey(
  { primaryKey, columns }: TableDescription,
  schema: TableSchema,
): ReadonlyMap<string, string> {
  const renamed = new Map<string, string>();
  const isLike = primaryKey.every((old, position) => {
    const name = schema.keyColumns[position] ?? '';
    if (foldName(old) === foldName(name)) return true;
    renamed.set(old, name);
    const isGone = !schema.columns.some((column) => foldName(column.name) === foldName(old));
    const isNew = !columns.some((column) => foldName(column.COLUMN_NAME) === foldName(name));
    const present = columns.find((column) => column.COLUMN_NAME === old);
    const wanted = schema.columns.find((column) => column.name === name);
    if (!isGone || !isNew || present === undefined || wanted === undefined) return false;
    return fittingColumn({ type: present.COLUMN_TYPE, charset: present.CHARACTER_SET_NAME }, wanted) !== null;
  });
  return isLike && primaryKey.length === schema.keyColumns.length ? renamed : new Map();
}
