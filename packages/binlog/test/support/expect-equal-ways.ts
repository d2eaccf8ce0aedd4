import { expect } from 'vitest';
import type { RandomTable } from './random-tables.ts';

/** What was written, what a SELECT gives and what the binlog says are the same JSON, in every image. */
export function expectEqualWays(table: RandomTable): void {
  const about = `SLUICE_TEST_SEED=${table.seed}: ${table.types.join(', ').slice(0, 400)}`;
  const same = (found: unknown, expected: unknown): void =>
    expect({ about, found }).toEqual({ about, found: expected });
  table.expected.forEach((row, index) => {
    const found = table.selected[index]!;
    same(
      found,
      row.map((text, column) => text ?? found[column]),
    );
  });
  same(table.inserted, table.selected);
  // An UPDATE that changes nothing is not logged.
  same(
    table.updatedFrom,
    table.changed.map((index) => table.selected[index]),
  );
  same(
    table.updatedTo,
    table.changed.map((index) => table.selectedLater[index]),
  );
  same(table.deleted, table.selectedLater);
  same(table.mapTypes, table.schemaTypes);
  for (const row of [...table.inserted, ...table.deleted]) for (const text of row) JSON.parse(text);
}
