import { setTimeout as delay } from 'node:timers/promises';
import type { MysqlServer } from '@sluice/local-stack';
import { connect, describeMysqlError, quoteTable, type Connection, type RowDataPacket } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import type { Scope } from '../scope.ts';

/** Between two transactions, and before the server is tried again (ms). */
const EVERY_MS = 10;
/** A transaction deletes the row of that many before it. */
const LIVE_ROWS = 400;

/** A table for it. */
export const RECONNECTING_TABLE =
  'CREATE TABLE item (id INT NOT NULL PRIMARY KEY, version INT NOT NULL, note VARCHAR(60) NOT NULL, at TIMESTAMP(6) NULL)';

/**
 * An application that goes on when its server comes back: transaction n inserts row n of `item`, changes an older row and deletes the oldest. Whether the
 * last one before a loss was committed, it asks the table.
 */
export class ReconnectingWriter {
  /** Transactions that the server has committed: 1 to this. */
  written = 0;
  /** How often it has lost its connection while it wrote. */
  losses = 0;
  readonly #server: MysqlServer;
  readonly #table: string;
  #connection: Connection;
  #isStopped = false;
  readonly #done: Promise<void>;

  static async start(scope: Scope, server: MysqlServer, database: string): Promise<ReconnectingWriter> {
    const writer = new ReconnectingWriter(server, database, await connectTo(server));
    scope.defer(() => writer.stop());
    return writer;
  }

  private constructor(server: MysqlServer, database: string, connection: Connection) {
    this.#server = server;
    this.#table = quoteTable(database, 'item');
    this.#connection = connection;
    this.#done = this.#run();
    // Whoever stops it is told; nobody may be waiting yet.
    this.#done.catch(() => undefined);
  }

  /** Throws what the server answered last, if that was no loss of the connection. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
    this.#connection.destroy();
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        await this.#write(this.written + 1);
        this.written += 1;
      } catch (error) {
        if (!isLoss(error)) throw error;
        this.losses += 1;
        await this.#connectAgain();
      }
      await delay(EVERY_MS);
    }
  }

  async #write(id: number): Promise<void> {
    for (const statement of [
      'BEGIN',
      `INSERT INTO ${this.#table} VALUES (${id}, 1, 'row ${id}', NOW(6))`,
      `UPDATE ${this.#table} SET version = version + 1 WHERE id = ${Math.ceil(id / 2)}`,
      `DELETE FROM ${this.#table} WHERE id = ${id - LIVE_ROWS}`,
      'COMMIT',
    ])
      await this.#connection.query(statement);
  }

  async #connectAgain(): Promise<void> {
    this.#connection.destroy();
    while (!this.#isStopped) {
      try {
        this.#connection = await connectTo(this.#server);
        const [rows] = await this.#connection.query<RowDataPacket[]>(
          `SELECT COALESCE(MAX(id), 0) AS newest FROM ${this.#table}`,
        );
        this.written = Number(rows[0]?.['newest']);
        return;
      } catch (error) {
        if (!isLoss(error)) throw error;
        await delay(EVERY_MS);
      }
    }
  }
}

function connectTo(server: MysqlServer): Promise<Connection> {
  return connect({ ...server, connectTimeoutMs: 10_000 });
}

function isLoss(error: unknown): boolean {
  const isOfConnect = error instanceof PipelineError && error.code === 'MYSQL_UNREACHABLE';
  return isOfConnect || describeMysqlError(error).kind === 'unreachable';
}
