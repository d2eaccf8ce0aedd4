import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tableId, tablePattern } from '../src/index.ts';

test.each([
  ['shop.*', 'shop', 'orders', true],
  ['shop.*', 'shop', 'o.rders', true],
  ['shop.*', 'shop.b', 'orders', false],
  ['shop.*', 'shop2', 'orders', false],
  ['shop?b.*', 'shop.b', 'orders', true],
  ['*.b', 'shop', 'a.b', false],
  ['*.b', 'shop.a', 'b', true],
  ['a.b', 'a', 'xb', false],
  ['a.b+c', 'a', 'b+c', true],
  ['crm.cust?mers', 'crm', 'custmers', false],
  ['crm.cust?mers', 'crm', 'cust😀mers', true],
  ['crm.line*', 'crm', 'line\nbreak', true],
  ['`shop.b`.*', 'shop.b', 'orders', true],
  ['`shop.b`.*', 'shop', 'b.orders', false],
  ['q`uote.t', 'q`uote', 't', true],
  ['nodot', 'nodot', '', false],
])('%s: %s and %s: %s', (pattern, database, table, fits) => {
  expect(tablePattern(pattern)(database, table)).toBe(fits);
});

test.each([
  ['shop', 'orders'],
  ['a.b', 'c'],
  ['a', 'b.c'],
  ['q`', '.'],
])('the id of %s and %s is a pattern for it', (database, table) => {
  expect(tablePattern(tableId(database, table))(database, table)).toBe(true);
});

test('a pattern of nothing but wildcards is held against the longest name within a millisecond or so', () => {
  const pattern = tablePattern(`${'*'.repeat(600)}Z.${'*?'.repeat(300)}Z`);
  const [name, begun] = ['x'.repeat(64), performance.now()];
  for (let time = 0; time < 20; time++) expect(pattern(name, name)).toBe(false);
  expect(performance.now() - begun).toBeLessThan(1000);
});

test('means what the same pattern means as a regular expression', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '😀', '$'), maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '$', '😀'), maxLength: 5 });
  fc.assert(
    fc.property(pattern, text, (glob, name) => {
      const source = glob
        .replaceAll('$', String.raw`\$`)
        .replaceAll('*', '.*')
        .replaceAll('?', '.');
      expect(tablePattern(`d.${glob}`)('d', name)).toBe(new RegExp(`^${source}$`, 'su').test(name));
    }),
    { numRuns: 2000 },
  );
});
