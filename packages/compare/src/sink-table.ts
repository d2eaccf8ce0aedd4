import type { TableName } from '@sluice/envelope';
import type { ComparedRow, ComparedTable } from './compared-table.ts';
import { isExactObject } from './exact-json.ts';
import type { ExactJson } from './exact-json.ts';
import { canonicalValues, type RowConnection, type ServerRow } from './source-rows.ts';

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
  const isKnown = (name: string): boolean =>
    known.has(name) || ownMembers.has(name) || table.notCompared?.has(name) === true;
  const strangers = Object.keys(document).filter((name) => !isKnown(name));
  return { values, strangers };
}

/** What stands in a row's place and is no row: no column of the table is in it. */
export function unreadableRow(table: ComparedTable): ComparedRow {
  return { values: table.columns.map(() => undefined), strangers: [] };
}

/** A row of the source as the sinks look it up. */
export interface SourceRow {
  /** Canonical texts, by column. */
  readonly values: readonly string[];
  /** SQL literals of the key columns, in key order. */
  readonly keyLiterals: readonly string[];
}

export function sourceRow(table: ComparedTable, row: ServerRow): SourceRow {
  const keyLiterals = table.key.map((place) => {
    const text = row[place] ?? null;
    return text === null ? 'NULL' : (table.columns[place]?.kind.literal(text) ?? text);
  });
  return { values: canonicalValues(table.columns, row), keyLiterals };
}

/** Canonical texts of the key columns, in key order. */
export function keyTexts(table: ComparedTable, values: readonly (string | undefined)[]): string[] {
  return table.key.map((place) => {
    const text = values[place] ?? 'null';
    return table.columns[place]?.kind.keyText?.(text) ?? text;
  });
}

/**
 * Canonical texts of the key columns, in key order → SQL literals that the source, and an SQL store, is asked by. Null when one is no value
 * of its column: a store holds what anybody has written there.
 */
export function keyLiterals(table: ComparedTable, canonical: readonly string[]): string[] | null {
  try {
    return table.key.map((place, index) => {
      const [kind, text = 'null'] = [table.columns[place]?.kind, canonical[index]];
      return kind === undefined || text === 'null' ? 'NULL' : kind.literal(kind.serverText(text));
    });
  } catch (error) {
    if (error instanceof RangeError || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** One table in one sink. */
export interface SinkTable {
  /** What the sink calls the row. */
  identity(values: readonly (string | undefined)[]): string;
  /** The rows under the same keys, in the same order; null where the sink has none. */
  fetch(rows: readonly SourceRow[]): Promise<(ComparedRow | null)[]>;
  /** The rows that the sink calls so, in the same order; null where it has none (any more). */
  fetchStored(identities: readonly string[]): Promise<(ComparedRow | null)[]>;
  /** Whether rows of the store end by themselves: one that is not there says nothing then. */
  readonly mayExpire?: boolean;
  /** Where the store is a server of MySQL or MariaDB: its table, whose rows it can add up by itself. */
  readonly copy?: ServerCopy;
  /** The identity of every live row of the table; one may come twice. */
  identities(): AsyncIterable<string>;
}

/** A table on a server, with columns of the names that are published. */
export interface ServerCopy extends TableName {
  readonly connection: RowConnection;
}

export interface ComparedSink {
  open(table: ComparedTable): Promise<SinkTable>;
  close(): Promise<void>;
}
