import { describe, expect, test } from 'vitest';
import { createTableFilter } from '../../src/model/table-filter.ts';

describe('createTableFilter', () => {
  const filter = createTableFilter(['shop.*', 'crm.cust?mers', 'mysql.*'], ['shop.tmp_*']);

  test.each([
    ['shop', 'orders', true],
    ['shop', 'tmp_import', false],
    ['shop2', 'orders', false],
    ['shop.b', 'orders', false],
    ['crm', 'customers.old', false],
    ['crm', 'customers', true],
    ['crm', 'custmers', false],
    ['mysql', 'user', false],
    ['shop', 'cdc_offsets', false],
    ['shop', 'sluice_tombstones', false],
  ])('%s.%s → %s', (database, table, captured) => {
    expect(filter.captures(database, table)).toBe(captured);
  });

  test('a dot in a pattern is a dot', () => {
    expect(createTableFilter(['a.b'], []).captures('a', 'xb')).toBe(false);
    expect(createTableFilter(['a.b+c'], []).captures('a', 'b+c')).toBe(true);
  });
});
