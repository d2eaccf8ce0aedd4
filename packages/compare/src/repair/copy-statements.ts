import { quoteIdentifier, quoteTable, SESSION_SQL } from '@sluice/mysql';
import type { ComparedColumn, ComparedTable } from '../compared-table.ts';
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
/** What every file of statements begins with: the session that their literals are written for. */
export const SQL_HEAD = `${SESSION_SQL};\n`;

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
    if (server === null) deletes.push(deleteSql(rows.copy, table, literals));
    else inserts.push(insertSql(rows.copy, table, columns, server));
  }
  // Deletes first: a collation may take the key of a row that goes for that of one that comes.
  return { fates, sql: [...transactions(deletes), ...transactions(inserts)].join('') };
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

function transactions(statements: readonly string[]): string[] {
  const texts: string[] = [];
  for (let at = 0; at < statements.length; at += ROWS_OF_TRANSACTION) {
    const some = statements.slice(at, at + ROWS_OF_TRANSACTION);
    texts.push(`START TRANSACTION;\n${some.join('')}COMMIT;\n`);
  }
  return texts;
}
