import { expect, test } from 'vitest';
import { elasticsearchSchema, storeSpots } from '../src/config.ts';
import { indexPatterns } from '../src/preflight.ts';
import { tableIndex } from '../src/table-index.ts';

const PRODUCTS = { database: 'shop', table: 'products' };

function problemsOf(section: object): readonly (readonly [string, string])[] {
  const { error } = elasticsearchSchema.safeParse(section);
  return (error?.issues ?? []).map(({ path, message, ...issue }) => {
    const [inKey] = 'issues' in issue ? (issue.issues as { readonly message: string }[]) : [];
    return [path.join(' '), inKey?.message ?? message];
  });
}

test('a table has the index that settings name, behind the prefix, and others that of their own name', () => {
  const indexes = { 'shop.products': { name: 'catalogue' }, 'shop.`a.b`': { name: 'dotted-2' } };
  const settings = elasticsearchSchema.parse({ indexPrefix: 'x-', indexes });
  expect(tableIndex(settings, PRODUCTS)).toBe('x-catalogue');
  expect(tableIndex(settings, { database: 'shop', table: 'a.b' })).toBe('x-dotted-2');
  expect(tableIndex(settings, { database: 'shop', table: 'Products' })).toBe('x-shop.products');
  expect(tableIndex(settings, { database: 'shop', table: 'orders' })).toBe('x-shop.orders');
});

test.each([
  ['Catalogue', /^may hold lower-case letters, digits, `_` and `-`, and begins with/],
  ['a/b', /^may hold lower-case/],
  ['-a', /^may hold lower-case/],
  ['_a', /^may hold lower-case/],
  ['a b', /^may hold lower-case/],
  ['a*', /^may hold lower-case/],
  ['a%2f', /^may hold lower-case/],
  ['..', /^may hold lower-case/],
  ['', /^may hold lower-case/],
  ['shop.orders', /; a dot is in the names of indexes that are named by their tables$/],
  ['kälte', /^may hold lower-case/],
  ['rebuild-1', /^must not begin with rebuild- or end with sluice-state/],
  ['x-sluice-state', /^must not begin with rebuild- or end with sluice-state/],
  ['a'.repeat(199), /^has 201 bytes with indexPrefix, and may have 200$/],
])('the name %s is refused by one message', (name, message) => {
  const indexes = { 'shop.products': { name } };
  expect(problemsOf({ indexPrefix: 'p-', indexes })).toEqual([
    ['indexes shop.products name', expect.stringMatching(message)],
  ]);
});

test('names of two tables, of several, and of tables that the sink does not take are refused', () => {
  const name = 'catalogue';
  expect(problemsOf({ indexes: { 'shop.a': { name }, 'shop.b': { name } } })).toEqual([
    [
      'indexes shop.b name',
      expect.stringMatching(/^is the name of the index of shop\.a: rows of two tables/),
    ],
  ]);
  expect(problemsOf({ indexes: { 'shop.*': { name } } })).toEqual([
    [
      'indexes shop.*',
      expect.stringMatching(/^must be one table, as `database\.table`: by wildcards several would have one/),
    ],
  ]);
  expect(problemsOf({ indexes: { products: { name } } })).toHaveLength(1);
  expect(problemsOf({ indexes: { 'shop.products': {} } })).toHaveLength(1);
  expect(problemsOf({ tables: ['crm.*'], indexes: { 'shop.products': { name } } })).toEqual([
    ['indexes shop.products', 'is a table that `tables` and `excludeTables` do not leave to this sink'],
  ]);
  expect(problemsOf({ tables: ['shop.*'], indexes: { 'shop.products': { name } } })).toEqual([]);
});

test('the places of a pattern are those of its tables, by their own names and by those of settings', () => {
  const settings = elasticsearchSchema.parse({
    indexPrefix: 'x-',
    indexes: { 'shop.products': { name: 'catalogue' }, 'crm.people': { name: 'people' } },
  });
  const spots = (database: string, table: string): readonly string[] =>
    storeSpots(settings, { database, table }, { sharesTopics: false }).map(({ name }) => name);
  expect(spots('shop', 'products')).toEqual(['x-catalogue']);
  expect(spots('shop', 'orders')).toEqual(['x-shop.orders']);
  expect(spots('shop', '*')).toEqual(['x-shop.*', 'x-catalogue']);
  expect(spots('*', '*')).toEqual(['x-*.*', 'x-catalogue', 'x-people']);
});

test('privileges are asked for on the names of settings, and on those of before, where rows may be still', () => {
  const settings = elasticsearchSchema.parse({
    indexPrefix: 'x-',
    indexes: { 'shop.products': { name: 'catalogue' } },
  });
  expect(indexPatterns(settings, ['shop.products', 'shop.orders'])).toEqual([
    'x-shop.orders*',
    'x-catalogue*',
    'x-shop.products*',
    'x-sluice-state',
  ]);
  expect(indexPatterns(settings, ['shop.*'])).toEqual([
    'x-shop.*',
    'x-catalogue*',
    'x-shop.products*',
    'x-sluice-state',
  ]);
});
