import type { SchemaColumn } from '@sluice/envelope';
import { typeName, type Flavour, type TableDescription } from '@sluice/mysql';
import { SEQUENCE_COLUMN } from '@sluice/sql-sink';
import { implicitValue } from './implicit-values.ts';
import { KeyChange } from './key-change.ts';
import {
  columnDefinition,
  foldName,
  isDemanded,
  nullableDefinition,
  SEQUENCE_DEFINITION,
  type TableSchema,
} from './table-definition.ts';

/**
 * Clauses of ALTER TABLE that let a table take rows of this schema: missing columns are added; a column that the source
 * no longer has may be NULL from now on, unless it is in the key. Nothing is dropped or retyped. Empty when nothing is to be done.
 */
export function additiveChanges(table: TableDescription, schema: TableSchema, flavour: Flavour): string[] {
  const present = new Set(table.columns.map((column) => foldName(column.COLUMN_NAME)));
  const wanted = new Set(schema.columns.map((column) => foldName(column.name)));
  const key = new KeyChange(table, schema);
  const added = schema.columns
    .filter(({ name }) => !present.has(foldName(name)) && !key.renamesTo(name))
    .map((column) => `ADD COLUMN ${columnDefinition(fillable(column, flavour), flavour, false)}`);
  const loosened = table.columns
    .filter(
      (column) =>
        !wanted.has(foldName(column.COLUMN_NAME)) &&
        column.COLUMN_NAME !== SEQUENCE_COLUMN &&
        !table.primaryKey.includes(column.COLUMN_NAME) &&
        isDemanded(column),
    )
    .map((column) => `MODIFY COLUMN ${nullableDefinition(column)}`);
  const guard = present.has(SEQUENCE_COLUMN) ? [] : [`ADD COLUMN ${SEQUENCE_DEFINITION}`];
  return [...added, ...loosened, ...guard];
}

/**
 * A server refuses a NOT NULL column that it has no value of its own for, or keeps what is none, while there are rows. MariaDB fills a JSON
 * column with an empty text, which the check of that column refuses at the next change of the row.
 */
function fillable(column: SchemaColumn, flavour: Flavour): SchemaColumn {
  const isFilled =
    implicitValue(column.type) !== null && !(flavour === 'mariadb' && typeName(column.type) === 'json');
  return isFilled ? column : { ...column, nullable: true };
}
