import type { Column } from '@sluice/binlog';
import { expect, test } from 'vitest';
import type { OrphanColumn, OrphanTable } from '../../src/orphans/orphan.ts';
import { SqlStatements } from '../../src/orphans/sql-statements.ts';

const column = (name: string, sqlType: string, more: Partial<OrphanColumn> = {}): OrphanColumn => ({
  column: { name, sqlType } as Column,
  isGenerated: false,
  changesItself: false,
  ...more,
});

const table: OrphanTable = {
  database: 'shop',
  table: 'item`s',
  columns: [
    column('id', 'bigint'),
    column('name', 'varchar(20)'),
    column('doc', 'json'),
    column('at', 'timestamp(6)', { changesItself: true }),
    column('twice', 'bigint', { isGenerated: true }),
  ],
  key: [0],
};
const at = '"2026-11-29T01:02:03.000004Z"';
const one = ['1', '"it\'s"', '{"n":1.10}', at, '2'];
const two = ['1', null, 'null', at, '2'];
const moved = ['"9007199254740993"', '"it\'s"', '{"n":1.10}', at, '4'];
const sql = new SqlStatements('mysql');
const name = '`shop`.`item``s`';

test('an insert, and its reverse: the key alone finds a row, nothing generated is written, a document keeps its digits', () => {
  const change = { table, before: null, after: one };
  expect(sql.forward(change)).toBe(
    `INSERT INTO ${name} (\`id\`, \`name\`, \`doc\`, \`at\`) VALUES (1, 'it''s', '{"n":1.10}', '2026-11-29 01:02:03.000004')`,
  );
  expect(sql.back(change)).toBe(`DELETE FROM ${name} WHERE \`id\` = 1`);
});

test('a delete is taken back by the row that was there', () => {
  const change = { table, before: two, after: null };
  expect(sql.forward(change)).toBe(`DELETE FROM ${name} WHERE \`id\` = 1`);
  expect(sql.back(change)).toContain("VALUES (1, NULL, 'null', '2026-11-29 01:02:03.000004')");
});

test('an update writes what differs, and what would change by itself', () => {
  const change = { table, before: one, after: two };
  expect(sql.forward(change)).toBe(
    `UPDATE ${name} SET \`name\` = NULL, \`doc\` = 'null', \`at\` = '2026-11-29 01:02:03.000004' WHERE \`id\` = 1`,
  );
  expect(sql.back(change)).toContain(`SET \`name\` = 'it''s', \`doc\` = '{"n":1.10}'`);
});

test('a change of the key goes by the key that the row has', () => {
  const change = { table, before: one, after: moved };
  expect(sql.forward(change)).toMatch(/SET `id` = 9007199254740993, .* WHERE `id` = 1$/u);
  expect(sql.back(change)).toMatch(/SET `id` = 1, .* WHERE `id` = 9007199254740993$/u);
});

test('an update of generated columns alone is none', () => {
  const other = [...one.slice(0, 4), '3'];
  expect(sql.forward({ table, before: one, after: other })).toBe(null);
});
