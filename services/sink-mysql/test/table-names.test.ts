import { expect, test } from 'vitest';
import {
  mappedTable,
  mysqlSinkSchema,
  storeSpots,
  targetTable,
  type MysqlSinkConfig,
} from '../src/config.ts';
import { nameBy } from '../src/table-template.ts';

const configOf = (more: object): MysqlSinkConfig => mysqlSinkSchema.parse({ host: 'h', user: 'u', ...more });
const problemsOf = (more: object): readonly string[] =>
  mysqlSinkSchema
    .safeParse({ host: 'h', user: 'u', ...more })
    .error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`) ?? [];

test.each([
  ['{table}', 'orders'],
  ['{database}_{table}', 'shop_orders'],
  ['{table}-of-{database}', 'orders-of-shop'],
  ['copy${table}', 'copy$orders'],
])('%s names a table of shop', (template, name) => {
  expect(nameBy(template, { database: 'shop', table: 'orders' })).toBe(name);
});

test('what stands in a name is no part of the template', () => {
  const source = { database: '{table}', table: '{database}$&' };
  expect(nameBy('{database}_{table}', source)).toBe('{table}_{database}$&');
});

test.each([
  ['{database}', 'must have {table} in it, once'],
  ['{table}_{table}', 'must have {table} in it, once'],
  ['{database}{database}{table}', 'has {database} twice'],
  ['copies.{table}', 'the database of the target is set by `databases`'],
  ['{schema}_{table}', 'may hold {database}, {table}'],
  ['a b{table}', 'may hold {database}, {table}'],
  ['', 'may hold {database}, {table}'],
])('%s is no template', (tableTemplate, message) => {
  expect(problemsOf({ tableTemplate })).toEqual(
    expect.arrayContaining([expect.stringContaining(message)]) as unknown,
  );
});

test('without a template, a table keeps its name in the database that is mapped', () => {
  const config = configOf({ databases: { shop: 'all' } });
  expect(targetTable(config, { database: 'shop', table: 'orders' })).toEqual({
    database: 'all',
    table: 'orders',
  });
});

test('two source databases go into one, table by table', () => {
  const config = configOf({ databases: { shop: 'all', crm: 'all' }, tableTemplate: '{database}_{table}' });
  const names = ['shop', 'crm'].map((database) => targetTable(config, { database, table: 'users' }));
  expect(names).toEqual([
    { database: 'all', table: 'shop_users' },
    { database: 'all', table: 'crm_users' },
  ]);
});

test('a name that no server takes is refused, in characters', () => {
  const config = configOf({ tableTemplate: '{database}_{table}' });
  const source = (letters: number) => ({ database: 'shop', table: 'ü'.repeat(letters) });
  expect(targetTable(config, source(59)).table).toHaveLength(64);
  expect(() => targetTable(config, source(60))).toThrow(
    expect.objectContaining({
      code: 'TARGET_TABLE_REFUSED',
      message: expect.stringContaining('a name of 65 characters, and a server takes 64') as string,
    }) as Error,
  );
  expect(mappedTable(config, source(60)).table).toHaveLength(65);
});

test('two tables that the section names are told when they would have one name, or too long a one', () => {
  const both = { databases: { shop: 'all', crm: 'all' }, tables: ['shop.users', 'crm.users', 'crm.*'] };
  expect(problemsOf({ ...both, tableTemplate: 'copy_{table}' })).toEqual([
    'tableTemplate found all.copy_users for both shop.users and crm.users, needs a table for each. Fix: put {database} into `tableTemplate`, or map the two to different databases (`databases`)',
  ]);
  expect(problemsOf({ ...both, tableTemplate: '{database}_{table}' })).toEqual([]);
  // As before: the store refuses the second.
  expect(problemsOf(both)).toEqual([]);
  const joined = { databases: { a_b: 'all', a: 'all' }, tables: ['a_b.c', 'a.b_c'] };
  expect(problemsOf({ ...joined, tableTemplate: '{database}_{table}' })).toHaveLength(1);
  const long = { tables: [`shop.${'t'.repeat(60)}`], tableTemplate: '{database}_{table}' };
  expect(problemsOf(long)[0]).toContain('of 65 characters');
});

test('two sinks may share a database where their names differ', () => {
  const spots = (tableTemplate: string, database = 'shop', table = '*'): readonly string[] =>
    storeSpots(
      configOf({ databases: { shop: 'all', crm: 'all' }, tableTemplate }),
      { database, table },
      { sharesTopics: false },
    )
      .filter(({ setting }) => setting === 'databases')
      .map(({ name }) => name);
  expect(spots('{table}')).toEqual(['all.*']);
  expect(spots('{database}_{table}')).toEqual(['all.shop_*']);
  expect(spots('X{table}', 'shop', 'orders')).toEqual(['all.xorders']);
  expect(spots('{database}_{table}', '*')).toEqual(['all.shop_*', 'all.crm_*', '*.*_*']);
  expect(spots('{table}', '*')).toEqual(['all.*', '*.*']);
});
