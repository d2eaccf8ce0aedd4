import type { ComparedRow, ComparedTable } from './compared-table.ts';
import { isExactObject } from './exact-json.ts';
import type { ExactJson } from './exact-json.ts';

/** A JSON document of a sink → a row. `ownMembers` are what Sluice adds. Null when it is not an object at all. */
export function rowOfDocument(
  table: ComparedTable,
  document: ExactJson,
  ownMembers: ReadonlySet<string>,
): ComparedRow | null {
  if (!isExactObject(document)) return null;
  const values = table.columns.map(({ name, kind }) => {
    const value = Object.hasOwn(document, name) ? document[name] : undefined;
    return value === undefined ? undefined : kind.fromDocument(value);
  });
  const known = new Set(table.columns.map((column) => column.name));
  const strangers = Object.keys(document).filter((name) => !known.has(name) && !ownMembers.has(name));
  return { values, strangers };
}

/** A row of the source as the sinks look it up. */
export interface SourceRow {
  /** Canonical texts, by column. */
  readonly values: readonly string[];
  /** SQL literals of the key columns, in key order. */
  readonly keyLiterals: readonly string[];
}

/** Canonical texts of the key columns, in key order. */
export function keyTexts(table: ComparedTable, values: readonly (string | undefined)[]): string[] {
  return table.key.map((place) => {
    const text = values[place] ?? 'null';
    return table.columns[place]?.kind.keyText?.(text) ?? text;
  });
}

/** One table in one sink. */
export interface SinkTable {
  /** What the sink calls the row. */
  identity(values: readonly (string | undefined)[]): string;
  /** The rows under the same keys, in the same order; null where the sink has none. */
  fetch(rows: readonly SourceRow[]): Promise<(ComparedRow | null)[]>;
  /** The identity of every live row of the table; one may come twice. */
  identities(): AsyncIterable<string>;
}

export interface ComparedSink {
  open(table: ComparedTable): Promise<SinkTable>;
  close(): Promise<void>;
}
