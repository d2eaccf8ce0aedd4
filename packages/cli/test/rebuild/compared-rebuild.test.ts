import { expect, test } from 'vitest';
import { notCompared } from '../../src/rebuild/compared-rebuild.ts';

test('a table that was not compared is not equal, unless its rows are under a condition', () => {
  const plans = ['a', 'b', 'c'].map((table) => ({
    database: 'shop',
    table,
    where: table === 'c' ? 'id > 0' : null,
  }));
  const found = (table: string, compared: boolean) => ({
    table: `shop.${table}`,
    compared,
    remarks: [],
    sinks: {},
  });
  const tables = [found('a', true), found('b', false), found('c', false)];
  expect(notCompared(tables, plans)).toEqual(['shop.b: was not compared']);
});
