import { nameTypes, type NamedTypes } from './named-types.ts';
import type { Column } from './table-map.ts';

/** What MariaDB's table maps do not tell of their columns; information_schema does. */
export interface ColumnFacts {
  /** Columns that look like BINARY. */
  readonly namedTypes: NamedTypes;
  /**
   * Generated columns, which MariaDB 11 leaves out of the images of an UPDATE or a DELETE: they are read past, and the places
   * of columns in row images are counted without them.
   */
  readonly leftOut: ReadonlySet<string>;
}

export const NO_FACTS: ColumnFacts = { namedTypes: new Map(), leftOut: new Set() };

/**
 * The columns whose values row images give, in their places.
 *
 * @throws BinlogError COLUMN_TYPE_UNSUPPORTED when a column cannot be of its named type
 */
export function describedColumns(columns: readonly Column[], facts: ColumnFacts): readonly Column[] {
  const kept = facts.leftOut.size === 0 ? columns : columns.filter(({ name }) => !facts.leftOut.has(name));
  return nameTypes(kept, facts.namedTypes);
}
