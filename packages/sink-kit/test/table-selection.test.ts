import { parseConfig } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { selectionOf, TableSelection } from '../src/table-selection.ts';

const taken = (selection: TableSelection, ...names: readonly string[]): readonly string[] =>
  names.filter((name) => {
    const [database = '', table = ''] = name.split('.', 2);
    return selection.takesTable(database, table);
  });

test('a sink takes what its tables fit and excludeTables do not; without them everything', () => {
  const names = ['shop.users', 'shop.users_old', 'shop.orders', 'crm.users'];
  expect(taken(new TableSelection({}, ['shop.*']), ...names)).toEqual(names);
  expect(taken(new TableSelection({ tables: ['shop.users*'] }, ['*.*']), ...names)).toEqual([
    'shop.users',
    'shop.users_old',
  ]);
  expect(taken(new TableSelection({ excludeTables: ['*.users'] }, ['*.*']), ...names)).toEqual([
    'shop.users_old',
    'shop.orders',
  ]);
  expect([
    new TableSelection({}, ['*.*']).isAll,
    new TableSelection({ operations: ['insert'] }, ['*.*']).isAll,
  ]).toEqual([true, false]);
});

test('its patterns are those of the source, without names that are left out', () => {
  expect(new TableSelection({ excludeTables: ['shop.a'] }, ['shop.a', 'shop.*']).patterns).toEqual([
    'shop.*',
  ]);
  expect(new TableSelection({ tables: ['shop.b'] }, ['shop.*']).patterns).toEqual(['shop.b']);
});

test('a section tells by name what its sink takes, from variables too', () => {
  const text = `pipeline: p
source: { host: h, user: u, tables: ['shop.*'] }
kafka: { brokers: ['k:9092'] }
sinks: { cache: { type: redis, url: x, tables: [shop.users] }, search: {} }`;
  const selection = selectionOf(parseConfig(text, {}), 'cache');
  expect(taken(selection, 'shop.users', 'shop.orders')).toEqual(['shop.users']);
  const overridden = parseConfig(text, { SLUICE__SINKS__CACHE__TABLES: 'shop.a, shop.b' });
  expect(selectionOf(overridden, 'cache').patterns).toEqual(['shop.a', 'shop.b']);
  expect(selectionOf(parseConfig(text, {}), 'search').isAll).toBe(true);
  const wrong = parseConfig(text.replace('shop.users', 'users'), {});
  expect(() => selectionOf(wrong, 'cache')).toThrow(
    'sinks.cache.tables[0]: found "users"; must be `database.table`',
  );
});
