import type { Readable } from 'node:stream';
import {
  answerOf,
  driverOptions,
  quoteIdentifier,
  quoteTable,
  SESSION_SQL,
  type MysqlOptions,
} from '@sluice/mysql';
import { createConnection } from 'mysql2';
import type { Connection as StreamConnection } from 'mysql2';
import type { Connection } from 'mysql2/promise';
import type { ComparedColumn, ComparedTable } from './compared-table.ts';

/** Where a server is, and how it is reached. */
export type MysqlAddress = Pick<MysqlOptions, 'host' | 'port' | 'user' | 'password'> &
  Partial<Pick<MysqlOptions, 'tls' | 'setting' | 'connectTimeoutMs'>>;

const CONNECT_MS = 10_000;

/** One connection for questions (`promise`) and for streams of rows, which mysql2 has only without promises. */
export interface RowConnection {
  readonly promise: Connection;
  readonly stream: StreamConnection;
  close(): Promise<void>;
}

/** Throws MYSQL_UNREACHABLE when the server takes the login and answers nothing, and what the driver throws. */
export async function openRowConnection(address: MysqlAddress): Promise<RowConnection> {
  const connectTimeoutMs = address.connectTimeoutMs ?? CONNECT_MS;
  const stream = createConnection(driverOptions({ ...address, connectTimeoutMs }));
  // Without a listener, losing an idle connection would end the process: its next statement says so.
  stream.on('error', () => undefined);
  const promise = stream.promise();
  try {
    // Until it is connected and has answered.
    await answerOf(promise.query(SESSION_SQL), 2 * connectTimeoutMs);
  } catch (error) {
    stream.destroy();
    throw error;
  }
  return { promise, stream, close: () => promise.end() };
}

/** A row as the server's own texts. */
export type ServerRow = readonly (string | null)[];

/** Known by their places: the driver refuses columns of some names. */
export const selectList = (columns: readonly ComparedColumn[]): string =>
  columns.map(({ name, kind }, place) => `${kind.select(quoteIdentifier(name))} AS c${place}`).join(', ');

/** Text of a row's columns → canonical texts. */
export function canonicalValues(columns: readonly ComparedColumn[], row: ServerRow): string[] {
  return columns.map(({ kind }, index) => {
    const text = row[index] ?? null;
    return text === null ? 'null' : kind.fromServer(text);
  });
}

/**
 * Rows of any query of text columns; the server sends on only as fast as they are taken. Throws what the driver gives. That a connection
 * is lost, before the query or in its middle, the driver tells to the connection alone: the rows would never end.
 */
export async function* streamRows(
  { stream: connection }: RowConnection,
  sql: string,
): AsyncGenerator<ServerRow> {
  let rows: Readable | null = null;
  let lost: Error | null = null;
  const onLost = (error: Error): void => {
    lost ??= error;
    rows?.destroy(error);
  };
  connection.on('error', onLost);
  try {
    rows = connection.query({ sql, rowsAsArray: true, typeCast: false }).stream({ highWaterMark: 1000 });
    if (lost !== null) rows.destroy(lost);
    for await (const row of rows) {
      yield (row as readonly (Buffer | null)[]).map((value) =>
        value === null ? null : value.toString('utf8'),
      );
    }
  } finally {
    connection.off('error', onLost);
  }
}

/** Every row of the table in key order, in chunks. */
export async function* sourceChunks(
  connection: RowConnection,
  table: ComparedTable,
  chunkRows: number,
): AsyncGenerator<ServerRow[]> {
  const from = quoteTable(table.database, table.table);
  const order = table.key.map((place) => `${from}.${quoteIdentifier(table.columns[place]?.name ?? '')}`);
  const sql = `SELECT ${selectList(table.columns)} FROM ${from} ORDER BY ${order.join(', ')}`;
  let chunk: ServerRow[] = [];
  for await (const row of streamRows(connection, sql)) {
    if (chunk.push(row) < chunkRows) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
