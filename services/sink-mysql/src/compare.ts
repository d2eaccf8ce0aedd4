import type { TableName } from '@sluice/envelope';
import { isUtf8Charset, quoteIdentifier, quoteTable, type RowDataPacket } from '@sluice/mysql';
import {
  canonicalValues,
  keyLiterals,
  openRowConnection,
  selectList,
  streamRows,
  unreadableRow,
} from '@sluice/compare';
import type {
  ComparedColumn,
  ComparedRow,
  ComparedSink,
  ComparedTable,
  MysqlAddress,
  RowConnection,
  ServerRow,
  SinkTable,
} from '@sluice/compare';
import { mappedTable, type MysqlSinkConfig } from './config.ts';

type Settings = MysqlAddress & Pick<MysqlSinkConfig, 'databases' | 'tableTemplate'>;

export async function openStore(target: Settings, section: string): Promise<ComparedSink> {
  const address = { ...target, setting: `${section}.tls` };
  const connection = await openRowConnection(address);
  return {
    open: async (table) => {
      const present = await presentColumns(connection, mappedTable(target, table));
      return mysqlTable({ connection, address }, table, present);
    },
    close: () => connection.close(),
  };
}

/** The target's table, and which of the source's columns it has. */
interface TargetTable extends TableName {
  readonly names: ReadonlySet<string>;
  /** Of texts that are no UTF-8, by column. */
  readonly charsets: ReadonlyMap<string, string>;
}

async function presentColumns(connection: RowConnection, name: TableName): Promise<TargetTable> {
  const [rows] = await connection.promise.query<RowDataPacket[]>(
    'SELECT COLUMN_NAME AS name, CHARACTER_SET_NAME AS charset FROM information_schema.columns WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [name.database, name.table],
  );
  const texts = rows.filter((row) => row['charset'] !== null);
  const charsets = texts.map((row) => [String(row['name']), String(row['charset'])] as const);
  return {
    ...name,
    names: new Set(rows.map((row) => String(row['name']))),
    charsets: new Map(charsets.filter(([, charset]) => !isUtf8Charset(charset))),
  };
}

interface Server {
  readonly connection: RowConnection;
  readonly address: MysqlAddress;
}

function mysqlTable({ connection, address }: Server, table: ComparedTable, target: TargetTable): SinkTable {
  // Read by the source's kinds: a type that the target has not (uuid, inet6) is text there.
  const columns = table.columns.filter((column) => target.names.has(column.name));
  const keyColumns = table.key.flatMap((place) => table.columns[place] ?? []);
  const readable = keyColumns.every((column) => target.names.has(column.name));
  // MariaDB finds no row in a list of several such keys by a literal of another character set, and MySQL refuses a literal that the
  // column's lacks. A character that becomes "?" here makes no other row of one: rows are told apart by what they hold.
  const fitting = (literals: readonly string[]): string[] =>
    literals.map((literal, place) => {
      const charset = target.charsets.get(keyColumns[place]?.name ?? '');
      return charset === undefined ? literal : `CONVERT(${literal} USING ${charset})`;
    });
  // The key's canonical texts: they can be read back.
  const identity = (values: readonly (string | undefined)[]): string =>
    JSON.stringify(table.key.map((place) => values[place] ?? 'null'));
  const storedRows = async (keys: readonly (readonly string[])[]): Promise<Map<string, ComparedRow>> => {
    const found = new Map<string, ComparedRow>();
    if (!readable || keys.length === 0) return found;
    const tuples = keys.map((literals) => `(${fitting(literals).join(', ')})`).join(', ');
    const names = keyColumns.map((column) => quoteIdentifier(column.name)).join(', ');
    const sql = `SELECT ${selectList(columns)} FROM ${quoteTable(target.database, target.table)} WHERE (${names}) IN (${tuples})`;
    for await (const serverRow of streamRows(connection, sql)) {
      const row = targetRow(table, columns, serverRow);
      found.set(identity(row.values), row);
    }
    return found;
  };
  return {
    identity,
    copy: { connection, database: target.database, table: target.table },
    async fetch(rows) {
      const found = await storedRows(rows.map((row) => row.keyLiterals));
      return rows.map((row) => found.get(identity(row.values)) ?? null);
    },
    async fetchStored(identities) {
      const keys = identities.map((text) => keyLiterals(table, JSON.parse(text) as string[]));
      const found = await storedRows(keys.filter((key) => key !== null));
      // What holds no value of the source's key is nobody's row, and is there all the same.
      return identities.map(
        (text, place) => found.get(text) ?? (keys[place] === null ? unreadableRow(table) : null),
      );
    },
    async *identities() {
      if (!readable) return;
      const sql = `SELECT ${selectList(keyColumns)} FROM ${quoteTable(target.database, target.table)}`;
      // A connection of its own: who takes the keys looks up rows between them, and a statement behind one that is not read to its end
      // would wait for ever.
      const walk = await openRowConnection(address);
      try {
        for await (const row of streamRows(walk, sql)) yield JSON.stringify(canonicalValues(keyColumns, row));
      } finally {
        await walk.close();
      }
    },
  };
}

/** Columns that only the target has are the target's own business. */
function targetRow(table: ComparedTable, columns: readonly ComparedColumn[], row: ServerRow): ComparedRow {
  const values = canonicalValues(columns, row);
  const byName = new Map(columns.map((column, place) => [column.name, values[place]]));
  return { values: table.columns.map((column) => byName.get(column.name)), strangers: [] };
}
