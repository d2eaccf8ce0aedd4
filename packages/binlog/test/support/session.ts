import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import type { MysqlServer } from '@sluice/local-stack';
import { connectionOptions, type DumpFrom } from './dump.ts';

/** A connection in UTC and utf8mb4, and a database of its own. */
export class Session {
  readonly server: MysqlServer;
  readonly database: string;
  readonly #connection: Connection;

  private constructor(server: MysqlServer, database: string, connection: Connection) {
    this.server = server;
    this.database = database;
    this.#connection = connection;
  }

  static async open(server: MysqlServer, database: string): Promise<Session> {
    const connection = await createConnection({
      ...connectionOptions(server),
      charset: 'utf8mb4',
      multipleStatements: true,
    });
    const session = new Session(server, database, connection);
    await session.run(`SET time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES'`);
    await session.run(`DROP DATABASE IF EXISTS ${database}; CREATE DATABASE ${database}; USE ${database}`);
    return session;
  }

  async run(sql: string): Promise<void> {
    await this.#connection.query(sql);
  }

  /** Values as the bytes of the text protocol. */
  async select(sql: string): Promise<(Buffer | null)[][]> {
    const typeCast = (field: { buffer(): Buffer | null }): Buffer | null => field.buffer();
    const [rows] = await this.#connection.query({ sql, rowsAsArray: true, typeCast });
    return rows as (Buffer | null)[][];
  }

  async records<T>(sql: string): Promise<T[]> {
    const [rows] = await this.#connection.query<RowDataPacket[]>(sql);
    return rows as T[];
  }

  /** The end of the binlog now. */
  async position(): Promise<DumpFrom> {
    const sql = this.server.flavour === 'mysql' ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS';
    const [row] = await this.records<{ File: string; Position: number }>(sql);
    return { file: row!.File, position: row!.Position };
  }

  async close(): Promise<void> {
    await this.run(`DROP DATABASE IF EXISTS ${this.database}`);
    await this.#connection.end();
  }
}
