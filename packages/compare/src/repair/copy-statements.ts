import { quoteIdentifier, quoteTable } from '@sluice/mysql';
import type { ComparedColumn, ComparedTable } from '../compared-table.ts';
import type { RowDataPacket } from 'mysql2/promise';
import { columnsOf } from '../running/running-table.ts';
import { sourceRowsByKey } from '../running/source-pages.ts';
import { isEqual, lookAgain, type Suspect } from '../running/suspects.ts';
import { type ServerCopy, type SinkTable } from '../sink-table.ts';
import { canonicalValues, type RowConnection, type ServerRow } from '../source-rows.ts';
import { suspectOf, type ReportedRow } from './report-rows.ts';
import type { RowFate } from './repair-table.ts';

export interface CopyRepair {
  readonly source: RowConnection;
  readonly table: ComparedTable;
  readonly rows: SinkTable & { readonly copy: ServerCopy };
}

export interface CopyStatements {
  readonly fates: readonly RowFate[];
  /** In transactions, for the server's own tool; '' when nothing is to be done. */
  readonly sql: string;
}

const ROWS_OF_TRANSACTION = 500;

/**
 * What makes rows of a report equal on the server that holds the copy, by the rows as they are now. There is no guard in it: whoever runs it
 * late puts old rows over newer ones.
 */
export async function copyStatements(
  reported: readonly ReportedRow[],
  { source, table, rows }: CopyRepair,
): Promise<CopyStatements> {
  const fates: RowFate[] = [];
  const known: Suspect[] = [];
  for (const row of reported) {
    const suspect = suspectOf(table, rows, row);
    if (typeof suspect !== 'string') known.push(suspect);
    else fates.push({ place: row.place, kind: 'unknown', fate: 'open', why: suspect });
  }
  const columns = await writtenColumns(table, rows.copy);
  const isTaken = await uniqueValues(table, columns, rows.copy);
  let isMoved = false;
  const [deletes, inserts]: [string[], string[]] = [[], []];
  for (const suspect of await lookAgain(known, { source, table, rows })) {
    const { identity, found, source: own, row } = suspect;
    if (isEqual(suspect, table)) {
      fates.push({ place: identity, kind: 'equal', fate: 'equal', why: null });
      continue;
    }
    const kind = own === null ? 'extra' : found === null ? 'missing' : 'changed';
    fates.push({ place: identity, kind, fate: 'open', why: null });
    const literals = row?.keyLiterals ?? [];
    const server = own === null ? null : await rowOf(identity, literals, { source, table, rows });
    // Two rows may have to exchange their unique values: so none of them is there when the first one comes.
    const moves = server !== null && isTaken(suspect);
    isMoved ||= moves;
    if (server === null || moves) deletes.push(deleteSql(rows.copy, table, literals));
    if (server !== null) inserts.push(insertSql(rows.copy, table, columns, server));
  }
  // Deletes first: a collation may take the key of a row that goes for that of one that comes.
  const all = [...deletes, ...inserts];
  // A row that comes again is never away for others: a report lists no more rows than one transaction can have.
  const texts = isMoved
    ? transactions(all, all.length)
    : [...transactions(deletes), ...transactions(inserts)];
  return { fates, sql: texts.join('') };
}

/**
 * Whether a row has to give up a unique value before others are written, by indexes that the copy has beside its key. Never where the copy
 * has columns that are not written: a row that goes and comes would lose them.
 */
async function uniqueValues(
  table: ComparedTable,
  written: readonly ComparedColumn[],
  copy: ServerCopy,
): Promise<(row: Suspect) => boolean> {
  const there = await columnsOf(copy.connection, copy);
  const names = new Set(written.map(({ name }) => name));
  const isWhole = [...there].every(([name, { isGenerated }]) => isGenerated || names.has(name));
  if (!isWhole) return () => false;
  const [found] = await copy.connection.promise.query<RowDataPacket[]>(
    "SELECT DISTINCT COLUMN_NAME AS name FROM information_schema.STATISTICS WHERE NON_UNIQUE = 0 AND INDEX_NAME <> 'PRIMARY' AND TABLE_SCHEMA = ? AND TABLE_NAME = ?",
    [copy.database, copy.table],
  );
  // An index over an expression names no column: any may be in it.
  const unique = new Set(found.map((row) => row['name'] as string | null));
  const places = [...table.columns.keys()].filter(
    (place) => unique.has(null) || unique.has(table.columns[place]?.name ?? ''),
  );
  return ({ source, found: stored }) =>
    source !== null && stored !== null && places.some((place) => stored.values[place] !== source[place]);
}

/** Columns that the copy has and takes values for. */
async function writtenColumns(table: ComparedTable, copy: ServerCopy): Promise<readonly ComparedColumn[]> {
  const there = await columnsOf(copy.connection, copy);
  return table.columns.filter(({ name }) => there.get(name)?.isGenerated === false);
}

/** As the source has it now; null when it is gone. */
async function rowOf(
  identity: string,
  literals: readonly string[],
  { source, table, rows }: CopyRepair,
): Promise<ServerRow | null> {
  const found = await sourceRowsByKey(source, table, [literals]);
  return found.find((row) => rows.identity(canonicalValues(table.columns, row)) === identity) ?? null;
}

function insertSql(
  { database, table: name }: ServerCopy,
  { columns: all }: ComparedTable,
  columns: readonly ComparedColumn[],
  row: ServerRow,
): string {
  const names = columns.map((column) => quoteIdentifier(column.name));
  const values = columns.map((column) => {
    const text = row[all.indexOf(column)] ?? null;
    return text === null ? 'NULL' : column.kind.literal(text);
  });
  const updates = names.map((column) => `${column} = VALUES(${column})`).join(', ');
  return `INSERT INTO ${quoteTable(database, name)} (${names.join(', ')}) VALUES (${values.join(', ')}) ON DUPLICATE KEY UPDATE ${updates};\n`;
}

function deleteSql(
  { database, table: name }: ServerCopy,
  table: ComparedTable,
  literals: readonly string[],
): string {
  const terms = table.key.map(
    (place, at) => `${quoteIdentifier(table.columns[place]?.name ?? '')} = ${literals[at]}`,
  );
  return `DELETE FROM ${quoteTable(database, name)} WHERE ${terms.join(' AND ')};\n`;
}

function transactions(statements: readonly string[], rows = ROWS_OF_TRANSACTION): string[] {
  const texts: string[] = [];
  for (let at = 0; at < statements.length; at += rows) {
    const some = statements.slice(at, at + rows);
    texts.push(`START TRANSACTION;\n${some.join('')}COMMIT;\n`);
  }
  return texts;
}
