import type { ColumnRow, TableDescription } from '@sluice/mysql';

export function columnRow(name: string, type = 'int', change: Partial<ColumnRow> = {}): ColumnRow {
  return {
    COLUMN_NAME: name,
    ORDINAL_POSITION: 1,
    COLUMN_TYPE: type,
    DATA_TYPE: type.replace(/\(.*/, ''),
    IS_NULLABLE: 'NO',
    CHARACTER_SET_NAME: null,
    COLLATION_NAME: null,
    NUMERIC_PRECISION: null,
    NUMERIC_SCALE: null,
    DATETIME_PRECISION: null,
    COLUMN_DEFAULT: null,
    EXTRA: '',
    GENERATION_EXPRESSION: null,
    ...change,
  };
}

/** `shop.orders` with columns `id, v` and primary key `id`, unless told otherwise. */
export function description(change: Partial<TableDescription> = {}): TableDescription {
  return {
    database: 'shop',
    table: 'orders',
    engine: 'InnoDB',
    isVersioned: false,
    columns: [columnRow('id'), columnRow('v')],
    primaryKey: ['id'],
    uniqueIndexes: [],
    ...change,
  };
}
