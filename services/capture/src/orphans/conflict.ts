import type { OrphanTable, RowValues } from './orphan.ts';
import type { RowSlot } from './row-slots.ts';

/** What a person says of a row: keep the new master's, put the old master's, or decide later. */
export type Choice = 'ours' | 'theirs' | 'skip';

export interface Decision {
  readonly choice: Choice;
  /** Why the row was listed: nobody has agreed to more. */
  readonly why: string;
}

/** A row that is not what the orphans found, with both versions as JSON objects. */
export interface Conflict {
  readonly database: string;
  readonly table: string;
  readonly key: unknown;
  readonly gtids: readonly string[];
  /** What the orphans found, and what they left. */
  readonly before: unknown;
  readonly after: unknown;
  /** What the new master has. */
  readonly present: unknown;
  readonly why: string;
  /** To be filled in. */
  readonly decision: Choice | null;
}

export function conflictOf(slot: RowSlot, present: RowValues | null, why: string): Conflict {
  const { table, gtids, states } = slot;
  const values = states.find((state) => state !== null) ?? present ?? [];
  return {
    database: table.database,
    table: table.table,
    key: objectOf(table, values, table.key),
    gtids,
    before: rowOf(table, states[0] ?? null),
    after: rowOf(table, states.at(-1) ?? null),
    present: rowOf(table, present),
    why,
    decision: null,
  };
}

/** What a decision is about: it holds as long as the new master has what the person saw. */
export function decidedText({
  database,
  table,
  key,
  present,
}: Pick<Conflict, 'database' | 'table' | 'key' | 'present'>): string {
  return JSON.stringify([database, table, key, present]);
}

function rowOf(table: OrphanTable, values: RowValues | null): unknown {
  return values === null ? null : objectOf(table, values, [...table.columns.keys()]);
}

function objectOf(table: OrphanTable, values: RowValues, places: readonly number[]): unknown {
  return Object.fromEntries(
    places.map((place) => [
      table.columns[place]?.column.name ?? '',
      JSON.parse(values[place] ?? 'null') as unknown,
    ]),
  );
}
