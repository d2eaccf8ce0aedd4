import type { SchemaColumn } from '@sluice/envelope';
import type { ColumnRow, TableDescription } from '@sluice/mysql';
import { expect, test } from 'vitest';
import { additiveChanges } from '../src/additive-changes.ts';
import { tableDefinition } from '../src/table-definition.ts';

const column = (
  name: string,
  type: string,
  charset: string | null = null,
  nullable = false,
): SchemaColumn => ({
  name,
  type,
  charset,
  nullable,
});

const present = (name: string, overrides: Partial<ColumnRow> = {}): ColumnRow => ({
  COLUMN_NAME: name,
  ORDINAL_POSITION: 1,
  COLUMN_TYPE: 'int',
  DATA_TYPE: 'int',
  IS_NULLABLE: 'NO',
  CHARACTER_SET_NAME: null,
  COLLATION_NAME: null,
  NUMERIC_PRECISION: 10,
  NUMERIC_SCALE: 0,
  DATETIME_PRECISION: null,
  COLUMN_DEFAULT: null,
  EXTRA: '',
  GENERATION_EXPRESSION: '',
  ...overrides,
});

const tableOf = (...columns: ColumnRow[]): TableDescription => ({
  database: 'shop',
  table: 'orders',
  engine: 'InnoDB',
  isVersioned: false,
  columns,
  primaryKey: ['id'],
  uniqueIndexes: [],
});

test('key text is compared by bytes, other text as its character set does', () => {
  const schema = {
    columns: [column('k', 'varchar(10)', 'utf8mb4'), column('t', 'text', 'latin1', true)],
    keyColumns: ['k'],
  };
  expect(tableDefinition(schema, 'mysql').split(',\n  ')).toEqual([
    '`k` varchar(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL',
    '`t` text CHARACTER SET latin1 NULL',
    '`_sluice_sequence` BIGINT NOT NULL DEFAULT 0 INVISIBLE',
    'PRIMARY KEY (`k`)',
  ]);
  expect(tableDefinition(schema, 'mariadb')).toContain('COLLATE utf8mb4_nopad_bin');
});

test('digits behind the point that no DECIMAL of MySQL can have are a text there', () => {
  const schema = { columns: [column('id', 'int'), column('d', 'decimal(65,38)')], keyColumns: ['id'] };
  expect(tableDefinition(schema, 'mysql')).toContain('`d` varchar(68) CHARACTER SET ascii NOT NULL');
  expect(tableDefinition(schema, 'mariadb')).toContain('`d` decimal(65,38) NOT NULL');
  const coarse = { ...schema, columns: [column('id', 'int'), column('d', 'decimal(65,30)')] };
  expect(tableDefinition(coarse, 'mysql')).toContain('`d` decimal(65,30) NOT NULL');
});

test('a backslash in a member stands for itself', () => {
  const schema = {
    columns: [column('id', 'int'), column('e', "enum('a\\b','it''s')", 'utf8mb4')],
    keyColumns: ['id'],
  };
  expect(tableDefinition(schema, 'mysql')).toContain(
    "`e` enum('a\\\\b','it''s') CHARACTER SET utf8mb4 NOT NULL",
  );
});

test('types of MariaDB become text on MySQL', () => {
  const schema = { columns: [column('id', 'uuid')], keyColumns: ['id'] };
  expect(tableDefinition(schema, 'mysql')).toContain(
    '`id` char(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL',
  );
  expect(tableDefinition(schema, 'mariadb')).toContain('`id` uuid NOT NULL');
});

test.each(['text', 'blob', 'float', 'point', 'json'])('a key of type %s is refused', (type) => {
  const schema = { columns: [column('k', type)], keyColumns: ['k'] };
  expect(() => tableDefinition(schema, 'mysql')).toThrow(
    expect.objectContaining({ code: 'TARGET_TABLE_REFUSED' }),
  );
});

test('a refused key says which table can be made by hand', () => {
  const schema = {
    columns: [column('k', 'text', 'utf8mb4'), column('v', 'text', 'utf8mb4')],
    keyColumns: ['k'],
  };
  expect(() => tableDefinition(schema, 'mysql')).toThrow(
    /: \(`k` varchar\(768\) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL,\s+`v` text /,
  );
});

test('missing columns are added, the guard column too', () => {
  const schema = { columns: [column('id', 'int'), column('we`ird', 'int')], keyColumns: ['id'] };
  expect(additiveChanges(tableOf(present('id')), schema, 'mysql')).toEqual([
    'ADD COLUMN `we``ird` int NOT NULL',
    'ADD COLUMN `_sluice_sequence` BIGINT NOT NULL DEFAULT 0 INVISIBLE',
  ]);
});

test('a column that the source has dropped no longer demands a value', () => {
  const table = tableOf(
    present('id'),
    present('gone', {
      COLUMN_TYPE: 'varchar(9)',
      CHARACTER_SET_NAME: 'utf8mb4',
      COLLATION_NAME: 'utf8mb4_bin',
    }),
    present('own', { COLUMN_DEFAULT: '7' }),
    present('_sluice_sequence', { COLUMN_DEFAULT: '0' }),
  );
  const schema = { columns: [column('id', 'int')], keyColumns: ['id'] };
  expect(additiveChanges(table, schema, 'mysql')).toEqual([
    'MODIFY COLUMN `gone` varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL',
  ]);
});

test('a table that fits is left alone', () => {
  const table = tableOf(present('id'), present('_sluice_sequence', { COLUMN_DEFAULT: '0' }));
  expect(additiveChanges(table, { columns: [column('id', 'int')], keyColumns: ['id'] }, 'mysql')).toEqual([]);
});
