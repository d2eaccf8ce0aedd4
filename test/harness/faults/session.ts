import type { MysqlServer } from '@sluice/local-stack';
import { connect, type Connection, type RowDataPacket } from '@sluice/mysql';

const CONNECT_TIMEOUT_MS = 3000;

/**
 * A session on a server that a test may end at any moment: connected when it is used, given up after an error, which the
 * caller gets. Statements that follow each other within `transaction` have one connection.
 */
export class Session {
  readonly #server: Pick<MysqlServer, 'host' | 'port' | 'user' | 'password'>;
  readonly #database: string | undefined;
  #connection: Connection | null = null;

  constructor(server: Pick<MysqlServer, 'host' | 'port' | 'user' | 'password'>, database?: string) {
    this.#server = server;
    this.#database = database;
  }

  async rows(sql: string): Promise<RowDataPacket[]> {
    const [rows] = await this.#guarded((connection) => connection.query<RowDataPacket[]>(sql));
    return rows;
  }

  async run(...statements: readonly string[]): Promise<void> {
    await this.#guarded(async (connection) => {
      for (const statement of statements) await connection.query(statement);
    });
  }

  /** All of it or nothing; after a throw it is unknown which. */
  async transaction(statements: readonly string[]): Promise<void> {
    await this.run('BEGIN', ...statements, 'COMMIT');
  }

  close(): void {
    this.#connection?.destroy();
    this.#connection = null;
  }

  async #guarded<T>(use: (connection: Connection) => Promise<T>): Promise<T> {
    try {
      this.#connection ??= await this.#connect();
      return await use(this.#connection);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #connect(): Promise<Connection> {
    const { host, port, user, password } = this.#server;
    const database = this.#database === undefined ? {} : { database: this.#database };
    return connect({ host, port, user, password, connectTimeoutMs: CONNECT_TIMEOUT_MS, ...database });
  }
}
