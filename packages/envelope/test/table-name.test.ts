import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseTableId, tableArgument, tableId, toTableId, TopicRouting } from '../src/index.ts';

test('ordinary names are as they are; names with a dot or a backtick are quoted', () => {
  expect(tableId('shop', 'orders')).toBe('shop.orders');
  expect(tableId('a.b', 'c')).toBe('`a.b`.c');
  expect(tableId('a', 'b.c')).toBe('a.`b.c`');
  expect(tableId('a', 'b`c')).toBe('a.`b``c`');
});

test.each([
  ['shop.orders', 'shop', 'orders'],
  ['`shop`.`orders`', 'shop', 'orders'],
  ['shop.a.b', 'shop', 'a.b'],
  ['shop.`a.b`', 'shop', 'a.b'],
  ['`a.b`.c.d', 'a.b', 'c.d'],
  ['q`uote.t', 'q`uote', 't'],
  ['a.`b``c`', 'a', 'b`c'],
  ['a.`b`c', 'a', '`b`c'],
  ['nodot', '', 'nodot'],
])('people mean by %s the table of %s called %s', (text, database, table) => {
  expect(parseTableId(text)).toEqual({ database, table });
  expect(toTableId(text)).toBe(tableId(database, table));
});

test('a shell takes an id for one argument', () => {
  expect(tableArgument('shop.orders')).toBe('shop.orders');
  expect(tableArgument(tableId('shop', 'a.b'))).toBe("'shop.`a.b`'");
  expect(tableArgument("shop.it's")).toBe(String.raw`'shop.it'\''s'`);
});

/** What a name may hold that separates, escapes or means something elsewhere. */
const NAMES = fc.oneof(
  fc.string({
    unit: fc.constantFrom('a', 'B', 'b', '.', '`', '_', '%', ':', '{', '}', '"', '\\', ' ', '1', 'x002e_'),
    minLength: 1,
    maxLength: 8,
  }),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'sluice', 'dlq', '%2E', '日'.repeat(64)),
);

test('no two tables have an id, or a topic with the members of its keys, in common, and an id is read back', () => {
  const routings = ['{database}.{table}', '{database}', 'all', '{database}-{table}'].map(
    (template) => new TopicRouting({ prefix: 'p', template }),
  );
  const table = fc.record({ database: NAMES, table: NAMES });
  fc.assert(
    fc.property(table, table, (one, two) => {
      expect(parseTableId(tableId(one.database, one.table))).toEqual(one);
      if (one.database === two.database && one.table === two.table) return;
      expect(tableId(one.database, one.table)).not.toBe(tableId(two.database, two.table));
      for (const routing of routings) {
        const [first, second] = [one, two].map((each) => {
          try {
            return `${routing.topicOf(each.database, each.table)} ${routing.keyMembers(each.database, each.table)}`;
          } catch (error) {
            return error instanceof RangeError ? Symbol('refused by name') : error;
          }
        });
        expect(first).not.toBe(second);
      }
    }),
    { numRuns: 1000 },
  );
});
