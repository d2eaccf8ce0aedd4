import type { TableName } from '@sluice/envelope';
import { isWideCharset, quoteIdentifier, quoteTable, type RowDataPacket } from '@sluice/mysql';
import { canonicalValues, keyTexts, openRowConnection, selectList, streamRows } from '@sluice/compare';
import type {
  ComparedColumn,
  ComparedRow,
  ComparedSink,
  ComparedTable,
  MysqlAddress,
  RowConnection,
  ServerRow,
  SinkTable,
  SourceRow,
} from '@sluice/compare';
import type { MysqlSinkConfig } from './config.ts';

type Settings = MysqlAddress & Partial<Pick<MysqlSinkConfig, 'databases'>>;

export async function openStore(target: Settings): Promise<ComparedSink> {
  const connection = await openRowConnection(target);
  return {
    open: async (table) => {
      const databases = new Map(Object.entries(target.databases ?? {}));
      const database = databases.get(table.database) ?? table.database;
      return mysqlTable(
        connection,
        table,
        await presentColumns(connection, { database, table: table.table }),
      );
    },
    close: () => connection.close(),
  };
}

/** The target's table, and which of the source's columns it has. */
interface TargetTable extends TableName {
  readonly names: ReadonlySet<string>;
  /** Character sets of texts in which no ASCII character is one byte, by column. */
  readonly wide: ReadonlyMap<string, string>;
}

async function presentColumns(connection: RowConnection, name: TableName): Promise<TargetTable> {
  const [rows] = await connection.promise.query<RowDataPacket[]>(
    'SELECT COLUMN_NAME AS name, CHARACTER_SET_NAME AS charset FROM information_schema.columns WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [name.database, name.table],
  );
  const charsets = rows.map((row) => [String(row['name']), String(row['charset'])] as const);
  return {
    ...name,
    names: new Set(charsets.map(([column]) => column)),
    wide: new Map(charsets.filter(([, charset]) => isWideCharset(charset))),
  };
}

function mysqlTable(connection: RowConnection, table: ComparedTable, target: TargetTable): SinkTable {
  // Read by the source's kinds: a type that the target has not (uuid, inet6) is text there.
  const columns = table.columns.filter((column) => target.names.has(column.name));
  const keyColumns = table.key.flatMap((place) => table.columns[place] ?? []);
  const readable = keyColumns.every((column) => target.names.has(column.name));
  // MariaDB finds no row in a list of several such keys by a literal of another character set.
  const literalsOf = (row: SourceRow): string[] =>
    row.keyLiterals.map((literal, place) => {
      const charset = target.wide.get(keyColumns[place]?.name ?? '');
      return charset === undefined ? literal : `CONVERT(${literal} USING ${charset})`;
    });
  const identity = (values: readonly (string | undefined)[]): string => keyTexts(table, values).join(':');
  return {
    identity,
    async fetch(rows) {
      if (!readable) return rows.map(() => null);
      const tuples = rows.map((row) => `(${literalsOf(row).join(', ')})`).join(', ');
      const names = keyColumns.map((column) => quoteIdentifier(column.name)).join(', ');
      const sql = `SELECT ${selectList(columns)} FROM ${quoteTable(target.database, target.table)} WHERE (${names}) IN (${tuples})`;
      const found = new Map<string, ComparedRow>();
      for await (const serverRow of streamRows(connection, sql)) {
        const row = targetRow(table, columns, serverRow);
        found.set(identity(row.values), row);
      }
      return rows.map((row) => found.get(identity(row.values)) ?? null);
    },
    async *identities() {
      if (!readable) return;
      const sql = `SELECT ${selectList(keyColumns)} FROM ${quoteTable(target.database, target.table)}`;
      for await (const row of streamRows(connection, sql)) yield canonicalValues(keyColumns, row).join(':');
    },
  };
}

/** Columns that only the target has are the target's own business. */
function targetRow(table: ComparedTable, columns: readonly ComparedColumn[], row: ServerRow): ComparedRow {
  const values = canonicalValues(columns, row);
  const byName = new Map(columns.map((column, place) => [column.name, values[place]]));
  return { values: table.columns.map((column) => byName.get(column.name)), strangers: [] };
}
