import { isDeepStrictEqual } from 'node:util';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { toPipelineError } from './errors.ts';

/** A row of information_schema.COLUMNS, under MySQL's upper-case names on both flavours. */
export interface ColumnRow {
  readonly COLUMN_NAME: string;
  readonly ORDINAL_POSITION: number;
  readonly COLUMN_TYPE: string;
  readonly DATA_TYPE: string;
  readonly IS_NULLABLE: 'YES' | 'NO';
  readonly CHARACTER_SET_NAME: string | null;
  readonly COLLATION_NAME: string | null;
  readonly NUMERIC_PRECISION: number | null;
  readonly NUMERIC_SCALE: number | null;
  readonly DATETIME_PRECISION: number | null;
  readonly COLUMN_DEFAULT: string | null;
  readonly EXTRA: string;
  /** Expression of a generated column, else '' or null. */
  readonly GENERATION_EXPRESSION: string | null;
}

export interface UniqueIndex {
  readonly name: string;
  /** In key order; an expression of a functional index has no place here. */
  readonly columns: readonly string[];
  /** Every part is a whole NOT NULL column: the index can serve as a key. */
  readonly usableAsKey: boolean;
}

export interface TableDescription {
  readonly database: string;
  readonly table: string;
  readonly engine: string | null;
  /** WITH SYSTEM VERSIONING (MariaDB): it keeps rows that were changed or deleted. */
  readonly isVersioned: boolean;
  /** In ordinal order, invisible ones included. */
  readonly columns: readonly ColumnRow[];
  /** In key order; empty without a primary key. */
  readonly primaryKey: readonly string[];
  /** Unique indexes besides the primary key. */
  readonly uniqueIndexes: readonly UniqueIndex[];
}

type Queryable = Pick<Connection, 'query'>;

/**
 * The tables of these databases (no views), sorted by database and table, with columns and unique indexes.
 * Throws a PipelineError with a MYSQL_… code. Tables the user has no privilege on are not shown by the server.
 */
export async function readTables(
  connection: Queryable,
  databases: readonly string[],
): Promise<readonly TableDescription[]> {
  if (databases.length === 0) return [];
  return await describeTables(connection, databases);
}

/** One table, or null when the database has none of this name (in the server's own letter case). Throws a PipelineError with a MYSQL_… code. */
export async function readTable(
  connection: Queryable,
  database: string,
  table: string,
): Promise<TableDescription | null> {
  const tables = await describeTables(connection, [database], table);
  return tables.find((found) => found.table === table) ?? tables[0] ?? null;
}

/** Readings at most, while tables seem to be torn. */
const READINGS_MAX = 4;

/** What is read by three questions may be torn by a DROP or RENAME between them: what looks so is read again. */
async function describeTables(
  connection: Queryable,
  databases: readonly string[],
  table?: string,
): Promise<readonly TableDescription[]> {
  let found = await readOnce(connection, databases, table);
  for (let reading = 1; reading < READINGS_MAX && found.some(isPerhapsTorn); reading++) {
    const again = await readOnce(connection, databases, table);
    const isSame = isDeepStrictEqual(again.filter(isPerhapsTorn), found.filter(isPerhapsTorn));
    found = again;
    if (isSame) break;
  }
  return found;
}

/** Without a primary key, or with one whose columns it does not have. A table may really be without. */
function isPerhapsTorn({ primaryKey, columns }: TableDescription): boolean {
  const names = new Set(columns.map(({ COLUMN_NAME }) => COLUMN_NAME));
  return primaryKey.length === 0 || primaryKey.some((name) => !names.has(name));
}

async function readOnce(
  connection: Queryable,
  databases: readonly string[],
  table?: string,
): Promise<readonly TableDescription[]> {
  try {
    const [tables, columns, indexes] = [
      await select(connection, TABLES_SQL, databases, table),
      await select(connection, COLUMNS_SQL, databases, table),
      await select(connection, INDEXES_SQL, databases, table),
    ];
    const columnsOf = groupByTable(columns);
    const indexesOf = groupByTable(indexes);
    return tables.map((row) => {
      const id = tableId(row);
      return describe(
        row,
        (columnsOf.get(id) ?? []) as unknown as SourceColumn[],
        (indexesOf.get(id) ?? []) as unknown as IndexPart[],
      );
    });
  } catch (error) {
    throw toPipelineError(error);
  }
}

// MySQL names the columns of information_schema in upper case whatever the statement says, MariaDB as the statement says.
const TABLES_SQL = `
  SELECT TABLE_SCHEMA AS TABLE_SCHEMA, TABLE_NAME AS TABLE_NAME, ENGINE AS ENGINE, TABLE_TYPE AS TABLE_TYPE
  FROM information_schema.TABLES
  WHERE TABLE_SCHEMA IN (?) AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')
  ORDER BY TABLE_SCHEMA, TABLE_NAME`;

const COLUMNS_SQL = `
  SELECT TABLE_SCHEMA AS TABLE_SCHEMA, TABLE_NAME AS TABLE_NAME, COLUMN_NAME AS COLUMN_NAME,
    ORDINAL_POSITION AS ORDINAL_POSITION, COLUMN_TYPE AS COLUMN_TYPE, DATA_TYPE AS DATA_TYPE,
    IS_NULLABLE AS IS_NULLABLE, CHARACTER_SET_NAME AS CHARACTER_SET_NAME, COLLATION_NAME AS COLLATION_NAME,
    NUMERIC_PRECISION AS NUMERIC_PRECISION, NUMERIC_SCALE AS NUMERIC_SCALE,
    DATETIME_PRECISION AS DATETIME_PRECISION, COLUMN_DEFAULT AS COLUMN_DEFAULT, EXTRA AS EXTRA,
    GENERATION_EXPRESSION AS GENERATION_EXPRESSION
  FROM information_schema.COLUMNS
  WHERE TABLE_SCHEMA IN (?)
  ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION`;

const INDEXES_SQL = `
  SELECT TABLE_SCHEMA AS TABLE_SCHEMA, TABLE_NAME AS TABLE_NAME, INDEX_NAME AS INDEX_NAME,
    COLUMN_NAME AS COLUMN_NAME, SUB_PART AS SUB_PART
  FROM information_schema.STATISTICS
  WHERE TABLE_SCHEMA IN (?) AND NON_UNIQUE = 0
  ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX`;

interface TableRow extends RowDataPacket {
  readonly TABLE_SCHEMA: string;
  readonly TABLE_NAME: string;
}

type SourceColumn = ColumnRow & { readonly TABLE_SCHEMA: string; readonly TABLE_NAME: string };

interface IndexPart {
  readonly INDEX_NAME: string;
  /** Null for an expression (MySQL). */
  readonly COLUMN_NAME: string | null;
  /** Length of an indexed prefix; null when the whole column is indexed. */
  readonly SUB_PART: number | null;
}

async function select(
  connection: Queryable,
  sql: string,
  databases: readonly string[],
  table: string | undefined,
): Promise<TableRow[]> {
  const [rows] =
    table === undefined
      ? await connection.query<TableRow[]>(sql, [databases])
      : await connection.query<TableRow[]>(sql.replace('IN (?)', 'IN (?) AND TABLE_NAME = ?'), [
          databases,
          table,
        ]);
  // The comparison may ignore case; names on a file system that does not must match exactly.
  const exact = new Set(databases);
  return rows.some((row) => exact.has(row.TABLE_SCHEMA))
    ? rows.filter((row) => exact.has(row.TABLE_SCHEMA))
    : rows;
}

function tableId(row: TableRow): string {
  return JSON.stringify([row.TABLE_SCHEMA, row.TABLE_NAME]);
}

function groupByTable(rows: readonly TableRow[]): ReadonlyMap<string, readonly TableRow[]> {
  return Map.groupBy(rows, tableId);
}

function describe(
  row: TableRow,
  columns: readonly SourceColumn[],
  parts: readonly IndexPart[],
): TableDescription {
  const nullable = new Set(
    columns.filter((column) => column.IS_NULLABLE === 'YES').map((column) => column.COLUMN_NAME),
  );
  const indexes = [...Map.groupBy(parts, (part) => part.INDEX_NAME)];
  const primary = indexes.find(([name]) => name === 'PRIMARY')?.[1] ?? [];
  return {
    database: row.TABLE_SCHEMA,
    table: row.TABLE_NAME,
    engine: row['ENGINE'] as string | null,
    isVersioned: row['TABLE_TYPE'] === 'SYSTEM VERSIONED',
    columns: columns.map(({ TABLE_SCHEMA: _database, TABLE_NAME: _table, ...column }) => column),
    primaryKey: columnNames(primary),
    uniqueIndexes: indexes
      .filter(([name]) => name !== 'PRIMARY')
      .map(([name, own]) => ({
        name,
        columns: columnNames(own),
        usableAsKey: own.every((part) => isWhole(part, nullable)),
      })),
  };
}

function columnNames(parts: readonly IndexPart[]): string[] {
  return parts.flatMap((part) => (part.COLUMN_NAME === null ? [] : [part.COLUMN_NAME]));
}

function isWhole(part: IndexPart, nullable: ReadonlySet<string>): boolean {
  return part.COLUMN_NAME !== null && part.SUB_PART === null && !nullable.has(part.COLUMN_NAME);
}
