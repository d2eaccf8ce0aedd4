import { expect, test } from 'vitest';
import { holds } from '../src/type-widening.ts';

test.each([
  ['int', 'int(11)', true],
  ['bigint', 'int unsigned', true],
  ['int', 'int unsigned', false],
  ['int unsigned', 'int', false],
  ['int', 'bigint', false],
  ['varchar(40)', 'varchar(20)', true],
  ['varchar(20)', 'varchar(40)', false],
  ['text', 'varchar(100)', true],
  ['tinytext', 'varchar(100)', false],
  ['varchar(65000)', 'text', false],
  ['mediumtext', 'text', true],
  ['longblob', 'varbinary(9)', true],
  ['text', 'blob', false],
  ['decimal(14,2)', 'decimal(12,2)', true],
  ['decimal(14,4)', 'decimal(12,2)', false],
  ["enum('a','b','c')", "enum('a','b')", true],
  ["enum('b','a')", "enum('a','b')", false],
  ["set('a','it''s')", "set('a','it''s')", true],
  ['datetime(6)', 'datetime', false],
  ['double', 'float', true],
  ['varchar(20)', 'int', false],
  ['int', 'varchar(20)', false],
  ['longtext', 'json', false],
  ['json', 'longtext', false],
  ['json', 'json', true],
  ['bit(8)', 'bit(1)', true],
  ['year', 'year(4)', true],
])('a column %s holds all of %s: %s', (wide, narrow, expected) => {
  expect(holds(wide, narrow)).toBe(expected);
});
