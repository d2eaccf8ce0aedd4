import type { ColumnRow } from '@sluice/mysql';
import { expect, test } from 'vitest';
import { targetChanges } from '../src/schema-changes.ts';

function present(name: string, type: string, nullable: 'YES' | 'NO' = 'NO'): ColumnRow {
  return {
    COLUMN_NAME: name,
    ORDINAL_POSITION: 1,
    COLUMN_TYPE: type,
    DATA_TYPE: type,
    IS_NULLABLE: nullable,
    CHARACTER_SET_NAME: null,
    COLLATION_NAME: null,
    NUMERIC_PRECISION: null,
    NUMERIC_SCALE: null,
    DATETIME_PRECISION: null,
    COLUMN_DEFAULT: null,
    EXTRA: '',
    GENERATION_EXPRESSION: '',
  };
}

const none = { widened: [], retyped: [], replaced: [], dropped: [] };

test.each([
  ['the same', present('v', 'int'), ['int', false], none],
  ['a narrower one: every value fits', present('v', 'bigint'), ['int', false], none],
  ['a wider one', present('v', 'int'), ['bigint', false], { widened: ['MODIFY COLUMN `v` bigint NOT NULL'] }],
  ['one that may be NULL', present('v', 'int'), ['int', true], { widened: ['MODIFY COLUMN `v` int NULL'] }],
  [
    'another kind',
    present('v', 'int', 'YES'),
    ['json', false],
    { retyped: ['MODIFY COLUMN `v` json NULL'], replaced: ['DROP COLUMN `v`, ADD COLUMN `v` json NULL'] },
  ],
] as const)('%s', (_, column, [type, nullable], expected) => {
  const table = {
    database: 'd',
    table: 't',
    engine: 'InnoDB',
    isVersioned: false,
    columns: [present('id', 'int'), column],
    primaryKey: ['id'],
    uniqueIndexes: [],
  };
  const columns = [
    { name: 'id', type: 'int', nullable: false, charset: null },
    { name: 'v', type, nullable, charset: null },
  ];
  expect(targetChanges(table, { columns, keyColumns: ['id'] }, 'mysql')).toEqual({ ...none, ...expected });
});

test('a column that the source has no more goes last, Sluice’s own never', () => {
  const columns = [present('id', 'int'), present('old', 'int'), present('_sluice_sequence', 'bigint')];
  const table = {
    database: 'd',
    table: 't',
    engine: 'InnoDB',
    isVersioned: false,
    columns,
    primaryKey: ['id'],
    uniqueIndexes: [],
  };
  const shape = {
    columns: [{ name: 'id', type: 'int', nullable: false, charset: null }],
    keyColumns: ['id'],
  };
  expect(targetChanges(table, shape, 'mysql')).toEqual({ ...none, dropped: ['DROP COLUMN `old`'] });
});
