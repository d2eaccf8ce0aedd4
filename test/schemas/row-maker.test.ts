import type { ColumnRow } from '@sluice/mysql';
import { expect, test } from 'vitest';
import { SeededRandom } from '@sluice/seeded-random';
import { rowStatements, valueOf } from './row-maker.ts';

function column(type: string, extra = '', nullable: 'YES' | 'NO' = 'NO'): ColumnRow {
  const [name = ''] = type.split(/[( ]/);
  return {
    COLUMN_NAME: 'c',
    ORDINAL_POSITION: 1,
    COLUMN_TYPE: type,
    DATA_TYPE: name,
    IS_NULLABLE: nullable,
    CHARACTER_SET_NAME: null,
    COLLATION_NAME: null,
    NUMERIC_PRECISION: null,
    NUMERIC_SCALE: null,
    DATETIME_PRECISION: null,
    COLUMN_DEFAULT: null,
    EXTRA: extra,
    GENERATION_EXPRESSION: null,
  };
}

test.each([
  ['tinyint(3) unsigned', /^(\d{1,2}|100|255|0)$/],
  ['bigint(20)', /^(\d{1,2}|100|9223372036854775807|-9223372036854775808)$/],
  ['varbinary(2)', /^x'([\da-f]{2}){0,2}'$/],
  ['datetime(6)', /^'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.654321'$/],
  ["enum('a','b')", /^[123]$/],
])('values of a %s are such as it can hold', (type, form) => {
  const random = new SeededRandom(7);
  for (let count = 0; count < 50; count++) expect(valueOf(column(type), random)).toMatch(form);
});

test('a number that the server gives and a column that may be empty are left open', () => {
  const random = new SeededRandom(7);
  expect(valueOf(column('int', 'auto_increment'), random)).toBe('NULL');
  const values = Array.from({ length: 50 }, () => valueOf(column('int', '', 'YES'), random));
  expect(values).toContain('NULL');
});

test('columns that the server computes are left out, and a table of none but such is left alone', () => {
  const columns = [column('int', 'VIRTUAL GENERATED')];
  expect(rowStatements({ database: 'd', table: 't', columns }, new SeededRandom(7))).toEqual([]);
});
