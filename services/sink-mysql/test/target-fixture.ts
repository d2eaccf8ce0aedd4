import { randomUUID } from 'node:crypto';
import type { MysqlServer } from '@sluice/local-stack';
import { connect, quoteTable, type Connection, type RowDataPacket } from '@sluice/mysql';
import { createLogger } from '@sluice/runtime';
import { mysqlSinkSchema, type MysqlSinkConfig } from '../src/config.ts';
import { MysqlSink } from '../src/mysql-sink.ts';

const log = createLogger('sink-mysql-test', { level: 'silent' });

/** A target database of its own for the source database `source`, and a connection to look into it. */
export class TargetFixture {
  readonly database = `test_${randomUUID().slice(0, 8)}`;
  readonly reader: Connection;
  readonly #server: MysqlServer;
  readonly #source: string;
  readonly #workers: MysqlSink[] = [];

  static async create(server: MysqlServer, source: string): Promise<TargetFixture> {
    return new TargetFixture(server, source, await connect({ ...server, connectTimeoutMs: 5000 }));
  }

  private constructor(server: MysqlServer, source: string, reader: Connection) {
    this.#server = server;
    this.#source = source;
    this.reader = reader;
  }

  /** A sink before `open`; every call gives another worker of the same group. */
  sink(overrides: Partial<MysqlSinkConfig> = {}, prefix = 'test'): MysqlSink {
    const { host, port, user, password } = this.#server;
    const databases = { [this.#source]: this.database };
    const stateDatabase = `${this.database}_state`;
    const config = mysqlSinkSchema.parse({ host, port, user, password, databases, stateDatabase });
    return new MysqlSink({ ...config, ...overrides }, { group: 'test', prefix, log, sourceTables: [] });
  }

  /** An open sink; closed by `remove`. */
  async worker(overrides: Partial<MysqlSinkConfig> = {}, prefix = 'test'): Promise<MysqlSink> {
    const sink = this.sink(overrides, prefix);
    this.#workers.push(sink);
    await sink.open(new AbortController().signal);
    return sink;
  }

  table(name: string): string {
    return quoteTable(this.database, name);
  }

  async rows(sql: string, values: readonly unknown[] = []): Promise<RowDataPacket[]> {
    const [rows] = await this.reader.query<RowDataPacket[]>(sql, [...values]);
    return rows;
  }

  async remove(): Promise<void> {
    for (const worker of this.#workers.splice(0)) await worker.close();
    await this.reader.query(`DROP DATABASE IF EXISTS ${this.database}`);
    await this.reader.query(`DROP DATABASE IF EXISTS ${this.database}_state`);
    await this.reader.end();
  }
}
