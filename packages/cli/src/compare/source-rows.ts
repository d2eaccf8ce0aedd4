import { quoteIdentifier, quoteTable } from '@sluice/mysql';
import { createConnection } from 'mysql2';
import type { Connection as StreamConnection } from 'mysql2';
import type { Connection } from 'mysql2/promise';
import type { ComparedColumn, ComparedTable } from './compared-table.ts';

export interface MysqlAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** One connection for questions (`promise`) and for streams of rows, which mysql2 has only without promises. */
export interface RowConnection {
  readonly promise: Connection;
  readonly stream: StreamConnection;
  close(): Promise<void>;
}

export async function openRowConnection(address: MysqlAddress): Promise<RowConnection> {
  const { host, port, user, password } = address;
  const stream = createConnection({ host, port, user, password, charset: 'utf8mb4' });
  const promise = stream.promise();
  // A row may have a date like 2026-02-31 in its key, and is looked up by it. A slow sink must not end the stream of rows: the server waits this long (seconds) for the reader.
  await promise.query("SET time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES', net_write_timeout = 600");
  return { promise, stream, close: () => promise.end() };
}

/** A row as the server's own texts. */
export type ServerRow = readonly (string | null)[];

export const selectList = (columns: readonly ComparedColumn[]): string =>
  columns.map(({ name, kind }) => kind.select(quoteIdentifier(name))).join(', ');

/** Text of a row's columns → canonical texts. */
export function canonicalValues(columns: readonly ComparedColumn[], row: ServerRow): string[] {
  return columns.map(({ kind }, index) => {
    const text = row[index] ?? null;
    return text === null ? 'null' : kind.fromServer(text);
  });
}

/** Rows of any query of text columns; the server sends on only as fast as they are taken. */
export async function* streamRows(connection: RowConnection, sql: string): AsyncGenerator<ServerRow> {
  const query = connection.stream.query({ sql, rowsAsArray: true, typeCast: false });
  for await (const row of query.stream({ highWaterMark: 1000 })) {
    yield (row as readonly (Buffer | null)[]).map((value) =>
      value === null ? null : value.toString('utf8'),
    );
  }
}

/** Every row of the table in key order, in chunks. */
export async function* sourceChunks(
  connection: RowConnection,
  table: ComparedTable,
  chunkRows: number,
): AsyncGenerator<ServerRow[]> {
  const order = table.key.map((place) => quoteIdentifier(table.columns[place]?.name ?? '')).join(', ');
  const sql = `SELECT ${selectList(table.columns)} FROM ${quoteTable(table.database, table.table)} ORDER BY ${order}`;
  let chunk: ServerRow[] = [];
  for await (const row of streamRows(connection, sql)) {
    if (chunk.push(row) < chunkRows) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
