import { expect, test } from 'vitest';
import { columnKind } from '../src/column-kinds.ts';
import type { ComparedTable } from '../src/compared-table.ts';
import { strayOf } from '../src/running/suspects.ts';
import type { SinkTable } from '../src/sink-table.ts';

const TABLE: ComparedTable = {
  database: 'shop',
  table: 'orders',
  columns: [{ name: 'id', kind: columnKind('bigint'), generated: false }],
  key: [0],
};
const ROWS = {
  identity: (values: readonly (string | undefined)[]) => `shop.orders:${values[0]}`,
} as SinkTable;
const strayAt = (id: string) => {
  const found = { values: [id], strangers: [] };
  return strayOf(TABLE, ROWS, ROWS.identity(found.values), found).row;
};

test('a row that only a store has is looked for in the source by its key', () => {
  expect(strayAt('7')).toEqual({ values: ['7'], keyLiterals: ['7'] });
});

test('one whose key is no value of the column is not looked for: whoever writes into the store writes no SQL', () => {
  expect(strayAt('"0 OR SLEEP(9)"')).toBeNull();
});
