import type { ColumnRow, TableDescription } from '@sluice/mysql';
import { expect, test } from 'vitest';
import { additiveChanges } from '../src/additive-changes.ts';
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

const none = { widened: [], retyped: [], replaced: [], dropped: [], kept: [], rekeys: false };

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
  const schema = {
    columns: [{ name: 'id', type: 'int', nullable: false, charset: null }],
    keyColumns: ['id'],
  };
  expect(targetChanges(table, schema, 'mysql')).toEqual({ ...none, dropped: ['DROP COLUMN `old`'] });
});

function tableOf(columns: readonly ColumnRow[], primaryKey: readonly string[] = ['id']): TableDescription {
  return {
    database: 'd',
    table: 't',
    engine: 'InnoDB',
    isVersioned: false,
    columns,
    primaryKey,
    uniqueIndexes: [],
  };
}

const id = { name: 'id', type: 'int', nullable: false, charset: null };

test.each([
  [
    'latin1 to utf8mb4',
    ['varchar(9)', 'latin1'],
    ['varchar(9)', 'utf8mb4'],
    ['MODIFY COLUMN `v` varchar(9) CHARACTER SET utf8mb4 NULL'],
  ],
  ['utf8mb4 to latin1: every value fits', ['varchar(9)', 'utf8mb4'], ['varchar(9)', 'latin1'], []],
  [
    'a longer one of another character set',
    ['varchar(9)', 'utf8mb3'],
    ['varchar(20)', 'latin1'],
    ['MODIFY COLUMN `v` varchar(20) CHARACTER SET utf8mb3 NULL'],
  ],
  [
    'two that do not hold each other',
    ['char(9)', 'latin1'],
    ['char(9)', 'koi8r'],
    ['MODIFY COLUMN `v` char(9) CHARACTER SET utf8mb4 NULL'],
  ],
  [
    'a TEXT, whose bytes no longer do',
    ['text', 'latin1'],
    ['text', 'utf8mb4'],
    ['MODIFY COLUMN `v` mediumtext CHARACTER SET utf8mb4 NULL'],
  ],
  [
    'a TEXT that CONVERT TO has made larger',
    ['text', 'latin1'],
    ['mediumtext', 'utf8mb4'],
    ['MODIFY COLUMN `v` mediumtext CHARACTER SET utf8mb4 NULL'],
  ],
] as const)('the character set follows: %s', (_, [type, charset], [newType, newCharset], widened) => {
  const column = { ...present('v', type, 'YES'), CHARACTER_SET_NAME: charset };
  const columns = [id, { name: 'v', type: newType, nullable: true, charset: newCharset }];
  const table = tableOf([present('id', 'int'), column]);
  expect(targetChanges(table, { columns, keyColumns: ['id'] }, 'mysql')).toEqual({ ...none, widened });
});

test.each([
  ['int', 'mysql', 'RENAME COLUMN `Status` TO `status`'],
  ['int', 'mariadb', 'CHANGE COLUMN `Status` `status` int NOT NULL'],
  ['bigint', 'mysql', 'CHANGE COLUMN `Status` `status` bigint NOT NULL'],
] as const)('a column renamed in letter case only is the same column: %s, %s', (type, flavour, clause) => {
  const columns = [id, { name: 'status', type, nullable: false, charset: null }];
  const table = tableOf([present('id', 'int'), present('Status', 'int')]);
  const changes = targetChanges(table, { columns, keyColumns: ['ID'] }, flavour);
  expect(changes).toEqual({ ...none, widened: [clause] });
});

test('another primary key takes the place of the old one', () => {
  const table = tableOf([
    present('id', 'int'),
    { ...present('k', 'varchar(9)', 'YES'), CHARACTER_SET_NAME: 'utf8mb4' },
  ]);
  const columns = [
    { ...id, nullable: true },
    { name: 'k', type: 'varchar(9)', nullable: false, charset: 'utf8mb4' },
  ];
  expect(targetChanges(table, { columns, keyColumns: ['k'] }, 'mysql')).toEqual({
    ...none,
    rekeys: true,
    retyped: [
      'MODIFY COLUMN `id` int NULL',
      'MODIFY COLUMN `k` varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin NOT NULL',
      'DROP PRIMARY KEY',
      'ADD PRIMARY KEY (`k`)',
    ],
  });
});

test('a key column that the source has dropped goes with the key, or may be NULL from then on', () => {
  const table = tableOf([present('id', 'int'), present('k', 'int')]);
  const columns = [{ ...id, name: 'k' }];
  expect(targetChanges(table, { columns, keyColumns: ['k'] }, 'mysql')).toEqual({
    ...none,
    rekeys: true,
    retyped: ['MODIFY COLUMN `k` int NOT NULL', 'DROP PRIMARY KEY', 'ADD PRIMARY KEY (`k`)'],
    dropped: ['DROP COLUMN `id`'],
    kept: ['MODIFY COLUMN `id` int NULL'],
  });
});

test('a key column that has another name keeps its values', () => {
  const table = tableOf([present('id', 'int'), present('v', 'int')]);
  const schema = {
    columns: [
      { ...id, name: 'number' },
      { ...id, name: 'v' },
    ],
    keyColumns: ['number'],
  };
  expect(additiveChanges(table, schema, 'mysql')).not.toContain('ADD COLUMN `number` int NOT NULL');
  expect(targetChanges(table, schema, 'mysql')).toEqual({
    ...none,
    retyped: ['CHANGE COLUMN `id` `number` int NOT NULL'],
  });
});

test('a text of MariaDB that is checked to be JSON is JSON', () => {
  const table = tableOf([present('id', 'int'), present('v', 'longtext', 'YES')]);
  const to = (type: string, jsonColumns: readonly string[]) =>
    targetChanges(
      table,
      { columns: [id, { name: 'v', type, nullable: true, charset: null }], keyColumns: ['id'] },
      'mariadb',
      new Set(jsonColumns),
    );
  expect(to('json', ['v'])).toEqual(none);
  expect(to('json', []).retyped).toEqual(['MODIFY COLUMN `v` json NULL']);
  expect(to('longtext', ['v']).retyped).toEqual(['MODIFY COLUMN `v` longtext NULL']);
});
