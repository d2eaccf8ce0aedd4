import { BINARY_COLLATION, TYPE } from './column-types.ts';
import { BinlogError } from './errors.ts';
import type { Column } from './table-map.ts';

/** MariaDB's types that a table map shows as BINARY(16) and BINARY(4): only information_schema tells them apart. */
export type NamedType = 'uuid' | 'inet6' | 'inet4';

/** The named types of a table by column name. */
export type NamedTypes = ReadonlyMap<string, NamedType>;

const NAMED: Readonly<Record<NamedType, { readonly type: number; readonly length: number }>> = {
  uuid: { type: TYPE.UUID, length: 16 },
  inet6: { type: TYPE.INET6, length: 16 },
  inet4: { type: TYPE.INET4, length: 4 },
};

/**
 * The columns with their named types.
 *
 * @throws BinlogError COLUMN_TYPE_UNSUPPORTED when one of them is not of the length that its type has
 */
export function nameTypes(columns: readonly Column[], named: NamedTypes): readonly Column[] {
  if (named.size === 0) return columns;
  return columns.map((column) => {
    const sqlType = named.get(column.name);
    if (sqlType === undefined) return column;
    const { type, length } = NAMED[sqlType];
    if (isBinary(column, length)) return { ...column, type, sqlType };
    throw new BinlogError(
      'COLUMN_TYPE_UNSUPPORTED',
      `column ${column.name} is ${column.sqlType} in the binlog, which cannot be ${sqlType}`,
      { column: column.name, type: column.type, meta: column.meta },
    );
  });
}

function isBinary(column: Column, length: number): boolean {
  return column.type === TYPE.STRING && column.collation === BINARY_COLLATION && column.meta === length;
}
