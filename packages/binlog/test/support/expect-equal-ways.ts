import { expect } from 'vitest';
import type { RandomTable } from './random-tables.ts';

/** What was written, what a SELECT gives and what the binlog says are the same JSON, in every image. */
export function expectEqualWays(table: RandomTable): void {
  const about = table.types.join(', ').slice(0, 400);
  table.expected.forEach((row, index) => {
    const found = table.selected[index]!;
    expect(found, about).toEqual(row.map((text, column) => text ?? found[column]));
  });
  expect(table.inserted, about).toEqual(table.selected);
  // An UPDATE that changes nothing is not logged.
  const isChanged = (row: readonly string[], index: number): boolean =>
    row.join() !== table.selected[index]!.join();
  const changed = table.selectedLater.flatMap((row, index) => (isChanged(row, index) ? [index] : []));
  expect(table.updatedFrom, about).toEqual(changed.map((index) => table.selected[index]));
  expect(table.updatedTo, about).toEqual(changed.map((index) => table.selectedLater[index]));
  expect(table.deleted, about).toEqual(table.selectedLater);
  expect(table.mapTypes, about).toEqual(table.schemaTypes);
  for (const row of [...table.inserted, ...table.deleted]) for (const text of row) JSON.parse(text);
}
