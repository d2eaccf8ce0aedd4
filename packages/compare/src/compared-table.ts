import { tableIdOf, type TableName } from '@sluice/envelope';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { columnKind } from './column-kinds.ts';
import type { ColumnKind } from './column-kinds.ts';

export interface ComparedColumn {
  /** As it is published. */
  readonly name: string;
  /** In the source, where that is another one. */
  readonly sourceName?: string;
  readonly kind: ColumnKind;
  /** A generated column may be absent in a sink; when it is there it must be equal. */
  readonly generated: boolean;
  /** Of a text in the source; absent where it is not known. */
  readonly collation?: string;
  /** Whether the source allows NULL in it; absent where it is not known. */
  readonly isNullable?: boolean;
}

export interface ComparedTable extends TableName {
  readonly columns: readonly ComparedColumn[];
  /** Places in `columns`, in key order. */
  readonly key: readonly number[];
  /** Columns that sinks have too, but whose values are not the source's own: masked, hashed, cut. Absent: none. */
  readonly notCompared?: ReadonlySet<string>;
}

/** A row as canonical texts of its values, by the table's columns; undefined where a sink has no such column. */
export interface ComparedRow {
  readonly values: readonly (string | undefined)[];
  /** Columns that the sink has and the source has not. */
  readonly strangers: readonly string[];
}

/**
 * @param keyColumns the configured key of a table without a primary key
 * Throws when the table does not exist or has no key.
 */
export async function readComparedTable(
  connection: Connection,
  name: TableName,
  keyColumns?: readonly string[],
): Promise<ComparedTable> {
  const [columnRows] = await connection.query<RowDataPacket[]>(
    `SELECT COLUMN_NAME AS name, DATA_TYPE AS type, EXTRA AS extra FROM information_schema.columns
     WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`,
    [name.database, name.table],
  );
  const columns = columnRows.map((row) => ({
    name: String(row['name']),
    kind: columnKind(String(row['type'])),
    generated: /\b(VIRTUAL|STORED|PERSISTENT) GENERATED\b/i.test(String(row['extra'])),
  }));
  const keyNames = keyColumns ?? (await primaryKey(connection, name));
  const key = keyNames.map((column) => columns.findIndex((candidate) => candidate.name === column));
  if (key.length === 0 || key.includes(-1))
    throw new Error(`${tableIdOf(name)} does not exist or has no key`);
  return { ...name, columns, key };
}

async function primaryKey(connection: Connection, name: TableName): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT COLUMN_NAME AS name FROM information_schema.statistics
     WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND INDEX_NAME = 'PRIMARY' ORDER BY SEQ_IN_INDEX`,
    [name.database, name.table],
  );
  return rows.map((row) => String(row['name']));
}

/** All base tables of a database, by name. */
export async function listTables(connection: Connection, database: string): Promise<TableName[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT TABLE_NAME AS name FROM information_schema.tables
     WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_NAME`,
    [database],
  );
  return rows.map((row) => ({ database, table: String(row['name']) }));
}
