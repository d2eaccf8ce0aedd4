import { expect, test } from 'vitest';
import { hiddenElsewhere } from '../../src/preflight/offline-doubts.ts';

type Tables = Parameters<typeof hiddenElsewhere>[1];
const column = { exclude: false, hash: false };
const TABLES = {
  'shop.users': { columns: { Email: { ...column, exclude: true }, phone: { ...column, rename: 'tel' } } },
  'shop.visits': { columns: {}, where: "kind <> 'bot'" },
  'shop.tmp_*': { columns: { token: { ...column, mask: '*' } } },
  'shop.known': { columns: {} },
} as unknown as Tables;
const table = (id: string, ...columns: string[]) => {
  const [database = '', name = ''] = id.split('.');
  return { database, table: name, columns };
};
const judged = (there: readonly string[], id: string, ...columns: string[]): string | null =>
  hiddenElsewhere(table(id, ...columns), TABLES, ({ database, table: name }) =>
    there.includes(`${database}.${name}`),
  );

test('offline, a table with a hidden column may be the one that is gone', () => {
  expect(judged(['shop.visits'], 'shop.people', 'id', 'email')).toContain(
    'it may be shop.users under another name, of which `tables` hides the column Email',
  );
});

test('a condition hides rows whatever the columns are', () => {
  expect(judged(['shop.users'], 'shop.visits_2025', 'id')).toContain('hides rows');
});

test.each([
  ['all that is named is there', ['shop.users', 'shop.visits'], 'shop.people', ['email']],
  ['it has no such column', ['shop.visits'], 'shop.people', ['id', 'phone', 'token']],
  ['settings speak of it', [], 'shop.known', ['email']],
  ['the rows were of another database', ['shop.users'], 'crm.visits', ['id']],
] as const)('it is compared when %s', (_, there, id, columns) => {
  expect(judged(there, id, ...columns)).toBeNull();
});
