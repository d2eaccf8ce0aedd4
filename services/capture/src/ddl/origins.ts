import { tableIdOf, type TableName } from '@sluice/envelope';
import type { Renaming } from './ddl-change.ts';

/** A table that a statement has given another name, by way of others perhaps. */
export interface Origin {
  /** What it was called before the statement. */
  readonly from: TableName;
  readonly to: TableName;
  /** Whether the statement has taken the new name from another table: it stands for that table from now on. */
  readonly replaces: boolean;
}

/** For each name that tables have in the end, which table it is: `a TO tmp, b TO a, tmp TO b` makes `b` of `a` and `a` of `b`. */
export function originsOf(renamed: readonly Renaming[]): readonly Origin[] {
  const origins = new Map<string, { readonly from: TableName; readonly to: TableName }>();
  const taken = new Set<string>();
  for (const { from, to } of renamed) {
    const id = tableIdOf(from);
    const before = origins.get(id);
    origins.delete(id);
    taken.add(id);
    origins.set(tableIdOf(to), { from: before?.from ?? from, to });
  }
  return [...origins.values()].map(({ from, to }) => ({ from, to, replaces: taken.has(tableIdOf(to)) }));
}
