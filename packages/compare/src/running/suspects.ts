import type { ComparedRow, ComparedTable } from '../compared-table.ts';
import { columnDifferences, type ColumnDifference } from '../compare-rows.ts';
import { keyLiterals, type SinkTable, type SourceRow } from '../sink-table.ts';
import { canonicalValues, type RowConnection } from '../source-rows.ts';
import { sourceRowsByKey } from './source-pages.ts';

/** A row that was not equal when it was looked at, and may be on its way. */
export interface Suspect {
  /** What the sink calls it. */
  readonly identity: string;
  /** Whether it was found in the source, and counts among the rows compared. */
  readonly isOfSource: boolean;
  /** What both sides are asked by; null where the store's own row says another key than its place. */
  readonly row: SourceRow | null;
  /** Canonical texts; null: the source has no such row. */
  readonly source: readonly string[] | null;
  readonly found: ComparedRow | null;
}

/** What a suspect has turned out to be. */
export interface Verdict {
  readonly identity: string;
  readonly isOfSource: boolean;
  readonly kind: 'different' | 'missing' | 'extra' | 'not settled';
  /** The row's key as canonical texts, in key order; null where it cannot be read. */
  readonly key: readonly string[] | null;
  readonly columns: readonly ColumnDifference[];
  /** Why it is not settled. */
  readonly why: string | null;
}

export interface SettlingParts {
  readonly source: RowConnection;
  readonly table: ComparedTable;
  readonly rows: SinkTable;
  /**
   * Resolves when the sink has applied all that was committed at the source when this was called: null; or to why that cannot be
   * known.
   */
  applied(): Promise<string | null>;
}

/** Looks at most, each behind a wait for the sink. */
const LOOKS = 8;
/**
 * Looks in a row that find the same on both sides while the sink has applied everything from before them. One alone could be a row that
 * changes to and fro.
 */
const SAME_LOOKS = 2;
const ROWS_AT_ONCE = 500;
const RESTLESS = 'it changes too often to be compared: it was another one at each look';

/** Looks at suspects again until each is equal, and not in the answer, or settled otherwise. */
export async function settle(suspects: readonly Suspect[], parts: SettlingParts): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  let open = suspects.map((suspect) => ({ suspect, same: 0 }));
  for (let look = 0; look < LOOKS && open.length > 0; look++) {
    const why = await parts.applied();
    const now = await lookAgain(
      open.map(({ suspect }) => suspect),
      parts,
    );
    const left: typeof open = [];
    for (const [index, { suspect: before, same }] of open.entries()) {
      const suspect = now[index];
      if (suspect === undefined || isSettled(suspect, parts)) continue;
      const again = { suspect, same: isSame(before, suspect) ? same + 1 : 0 };
      if (why !== null) verdicts.push(notSettled(suspect, parts.table, why));
      else if (again.same >= SAME_LOOKS) verdicts.push(verdictOf(suspect, parts.table));
      else left.push(again);
    }
    open = left;
  }
  return [...verdicts, ...open.map(({ suspect }) => notSettled(suspect, parts.table, RESTLESS))];
}

export function isEqual({ source, found }: Pick<Suspect, 'source' | 'found'>, table: ComparedTable): boolean {
  if (source === null || found === null) return source === found;
  return columnDifferences(table, source, found).next().done === true;
}

/** Equal, or one of a store whose rows end by themselves, which has none. */
export function isSettled(
  suspect: Pick<Suspect, 'source' | 'found'>,
  { table, rows }: Pick<SettlingParts, 'table' | 'rows'>,
): boolean {
  return isExpired(suspect, rows) || isEqual(suspect, table);
}

export function isExpired({ found }: Pick<Suspect, 'found'>, { mayExpire }: SinkTable): boolean {
  return found === null && mayExpire === true;
}

function isSame(one: Suspect, other: Suspect): boolean {
  const text = ({ source, found }: Suspect): string => JSON.stringify([source, found]);
  return text(one) === text(other);
}

/** The store first and then the source, so that the source's row is not older than what the sink was given. */
export async function lookAgain(
  suspects: readonly Suspect[],
  parts: Omit<SettlingParts, 'applied'>,
): Promise<Suspect[]> {
  const looked: Suspect[] = [];
  for (let at = 0; at < suspects.length; at += ROWS_AT_ONCE)
    looked.push(...(await lookAtSome(suspects.slice(at, at + ROWS_AT_ONCE), parts)));
  return looked;
}

async function lookAtSome(
  some: readonly Suspect[],
  { source, table, rows }: Omit<SettlingParts, 'applied'>,
): Promise<Suspect[]> {
  const found = await rows.fetchStored(some.map(({ identity }) => identity));
  const keys = some.flatMap(({ row }) => (row === null ? [] : [row.keyLiterals]));
  const inSource = new Map<string, readonly string[]>();
  for (const row of await sourceRowsByKey(source, table, keys)) {
    const values = canonicalValues(table.columns, row);
    inSource.set(rows.identity(values), values);
  }
  return some.map((suspect, index) => ({
    ...suspect,
    found: found[index] ?? null,
    source: suspect.row === null ? null : (inSource.get(suspect.identity) ?? null),
  }));
}

/** A row of the store that the source was not seen to have. */
export function strayOf(
  table: ComparedTable,
  rows: SinkTable,
  identity: string,
  found: ComparedRow,
): Suspect {
  const key = table.key.map((place) => found.values[place]);
  const isThere = key.every((text) => text !== undefined) && rows.identity(found.values) === identity;
  const literals = isThere ? keyLiterals(table, key) : null;
  const values = found.values.map((text) => text ?? 'null');
  const row = literals === null ? null : { values, keyLiterals: literals };
  return { identity, isOfSource: false, row, source: null, found };
}

function keyOf({ row, source }: Suspect, table: ComparedTable): readonly string[] | null {
  const values = source ?? row?.values ?? null;
  return values === null ? null : table.key.map((place) => values[place] ?? 'null');
}

function verdictOf(suspect: Suspect, table: ComparedTable): Verdict {
  const { identity, isOfSource, source, found } = suspect;
  const about = { identity, isOfSource, key: keyOf(suspect, table), why: null };
  if (source === null) return { ...about, kind: 'extra', columns: [] };
  if (found === null) return { ...about, kind: 'missing', columns: [] };
  return { ...about, kind: 'different', columns: [...columnDifferences(table, source, found)] };
}

function notSettled(suspect: Suspect, table: ComparedTable, why: string): Verdict {
  const { identity, isOfSource } = suspect;
  return { identity, isOfSource, kind: 'not settled', key: keyOf(suspect, table), columns: [], why };
}
