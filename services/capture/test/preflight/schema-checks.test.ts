import { parseConfig, type SluiceConfig } from '@sluice/runtime';
import type { TableDescription } from '@sluice/mysql';
import { expect, test } from 'vitest';
import { findSchemaProblems, type SchemaFindings } from '../../src/preflight/schema-checks.ts';
import { PublicationCompiler } from '../../src/transform/publication-compiler.ts';
import { createTableFilter } from '../../src/model/table-filter.ts';
import type { TableSchema } from '../../src/model/table.ts';
import { columnRow, description } from '../support/descriptions.ts';

const SERVER = { flavour: 'mysql', version: '9.7.0' } as const;

function configOf(tables: unknown): SluiceConfig {
  const source = { host: 'h', user: 'u', tables: ['shop.*'], excludeTables: ['shop.tmp_*'] };
  return parseConfig(JSON.stringify({ pipeline: 'p', source, kafka: { brokers: ['b:1'] }, tables }), {});
}

function findings(
  tables: unknown,
  described: readonly TableDescription[] = [description()],
  known: readonly TableSchema[] = [],
): SchemaFindings {
  const config = configOf(tables);
  const filter = createTableFilter(config.source.tables, config.source.excludeTables);
  const compiler = new PublicationCompiler(config.tables, null);
  return findSchemaProblems({ config, filter, compiler, tables: described, server: SERVER, known });
}

const hide = (column: string): unknown => ({ columns: { [column]: { exclude: true } } });

test('a column that no captured table has is refused', () => {
  expect(findings({ 'shop.orders': hide('w') }).problems).toMatchObject([
    { setting: 'tables["shop.orders"].columns.w', found: 'no column w in table shop.orders' },
  ]);
  // Of a pattern, one of its tables has it.
  const others = [description(), description({ table: 'lines', columns: [columnRow('id'), columnRow('w')] })];
  expect(findings({ 'shop.*': hide('w') }, others)).toEqual({ problems: [], warnings: [] });
});

test('a column that only changes which are still to be read have is known', () => {
  const before = { database: 'shop', table: 'orders', keyColumns: ['id'] };
  const columns = [{ name: 'w', type: 'int', nullable: true, charset: null }];
  expect(findings({ 'shop.orders': hide('w') }, undefined, [{ ...before, columns }]).problems).toEqual([]);
});

test('a table that may come later is a warning, one that is never captured is refused', () => {
  const later = findings({ 'shop.later': hide('w'), '*.tmp_*': hide('w') });
  expect(later.problems).toEqual([]);
  expect(later.warnings).toHaveLength(2);
  expect(findings({ 'crm.users': {}, 'shop.tmp_1': {} }).problems).toMatchObject([
    { setting: 'tables["crm.users"]' },
    { setting: 'tables["shop.tmp_1"]' },
  ]);
});

test('a generated column that tells what a hidden one holds needs a setting of its own', () => {
  const generated = columnRow('u', 'int', { GENERATION_EXPRESSION: 'upper(`v`)' });
  const table = description({ columns: [columnRow('id'), columnRow('v'), generated] });
  expect(findings({ 'shop.orders': hide('v') }, [table]).problems).toMatchObject([
    { found: 'column u of shop.orders is generated from v' },
  ]);
  const both = { 'shop.orders': { columns: { v: { exclude: true }, u: {} } } };
  expect(findings(both, [table]).problems).toEqual([]);
});

test.each([
  ['a default', { COLUMN_DEFAULT: 'concat(`v`)', EXTRA: 'DEFAULT_GENERATED' }, { exclude: true }],
  ['a truncated column', { GENERATION_EXPRESSION: 'upper(`v`)' }, { truncate: 3 }],
  ['a column in other letters', { GENERATION_EXPRESSION: 'upper(`V`)' }, { mask: '*' }],
])('so does one that tells it by %s', (_what, facts, hidden) => {
  const columns = [
    columnRow('id'),
    columnRow('V', 'varchar(9)', { CHARACTER_SET_NAME: 'utf8mb4' }),
    columnRow('u', 'int', facts),
  ];
  const found = findings({ 'shop.orders': { columns: { v: hidden } } }, [description({ columns })]).problems;
  expect(found).toMatchObject([{ setting: 'tables["shop.orders"].columns.v' }]);
});
