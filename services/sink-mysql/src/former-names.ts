import type { TableName } from '@sluice/envelope';
import { quoteTable, type PoolConnection, type RowDataPacket } from '@sluice/mysql';
import { SEQUENCE_COLUMN } from '@sluice/sql-sink';
import { readMark, type OwnerMark } from './owner-mark.ts';

interface MarkedTable {
  readonly table: string;
  readonly mark: OwnerMark;
}

/** The tables of a target database that say whose copy they are. */
export interface MarkedTables {
  readonly tables: readonly MarkedTable[];
  /** Whether the server takes names that differ in letter case for one. */
  readonly foldsCase: boolean;
}

export async function readMarkedTables(connection: PoolConnection, database: string): Promise<MarkedTables> {
  const [rows] = await connection.query<RowDataPacket[]>({
    sql: `SELECT TABLE_NAME, COLUMN_COMMENT, @@lower_case_table_names FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = ? AND COLUMN_NAME = ? AND COLUMN_COMMENT LIKE 'sluice%'`,
    values: [database, SEQUENCE_COLUMN],
    rowsAsArray: true,
  });
  const tables = rows.flatMap((row) => {
    const mark = readMark(String(row[1]));
    return mark === null ? [] : [{ table: String(row[0]), mark }];
  });
  return { tables, foldsCase: rows.some((row) => Number(row[2]) !== 0) };
}

/**
 * The table that holds the rows of a source table under a name of before, while there is none under the present one; null without such
 * a table. One that was renamed or copied by hand has another name than its mark says, and is left to whoever made it.
 * @param source its name on the source
 * @param name the present one on the target
 */
export function formerName(
  { tables, foldsCase }: MarkedTables,
  { owner, source, name }: { readonly owner: string; readonly source: string; readonly name: string },
): string | null {
  const fold = (text: string): string => (foldsCase ? text.toLowerCase() : text);
  if (tables.some(({ table }) => fold(table) === fold(name))) return null;
  const isFormer = ({ table, mark }: MarkedTable): boolean =>
    mark.owner === owner && fold(table) === fold(mark.name ?? source);
  return tables.find(isFormer)?.table ?? null;
}

/** What a person has to know of rows under a former name, behind the name of the source's table. */
export function movedMessage(
  id: string,
  former: string,
  { database, table }: TableName,
  section: string,
): string {
  const [from, to] = [quoteTable(database, former), quoteTable(database, table)];
  return `the rows of ${id} are in ${from}, and \`${section}.tableTemplate\` gives them ${to} now: set it back, or stop every process of the sink that has the former one and run: RENAME TABLE ${from} TO ${to}`;
}
