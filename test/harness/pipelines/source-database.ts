import type { MysqlServer } from '@sluice/local-stack';
import { connect, quoteIdentifier, type Connection, type RowDataPacket } from '@sluice/mysql';
import { uniqueName, type Scope } from '../scope.ts';

/** A database of a test's own on a source server; dropped at the end of the scope. */
export class SourceDatabase {
  readonly server: MysqlServer;
  readonly name: string;
  readonly #scope: Scope;
  readonly #connection: Connection;

  static async create(scope: Scope, server: MysqlServer, stem: string): Promise<SourceDatabase> {
    const connection = await connect({ ...server, connectTimeoutMs: 10_000 });
    const name = uniqueName(stem);
    scope.defer(async () => {
      connection.destroy();
      // A new one: the test may have ended the server meanwhile.
      const last = await connect({ ...server, connectTimeoutMs: 10_000 });
      await last.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)}`);
      await last.end();
    });
    await connection.query(`CREATE DATABASE ${quoteIdentifier(name)} CHARACTER SET utf8mb4`);
    await connection.query(`USE ${quoteIdentifier(name)}`);
    return new SourceDatabase(scope, server, name, connection);
  }

  private constructor(scope: Scope, server: MysqlServer, name: string, connection: Connection) {
    this.#scope = scope;
    this.server = server;
    this.name = name;
    this.#connection = connection;
  }

  /** A further connection, with this database as its default; closed with the scope. */
  async connect(): Promise<Connection> {
    const connection = await connect({ ...this.server, database: this.name, connectTimeoutMs: 10_000 });
    this.#scope.defer(() => connection.destroy());
    return connection;
  }

  /** Runs the statements one after the other on one connection. */
  async run(...statements: readonly string[]): Promise<void> {
    for (const statement of statements) await this.#connection.query(statement);
  }

  async rows(sql: string): Promise<RowDataPacket[]> {
    const [rows] = await this.#connection.query<RowDataPacket[]>(sql);
    return rows;
  }
}
