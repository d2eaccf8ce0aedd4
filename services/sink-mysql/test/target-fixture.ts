import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Row } from '@sluice/envelope';
import type { MysqlServer } from '@sluice/local-stack';
import { connect, quoteIdentifier, quoteTable, type Connection, type RowDataPacket } from '@sluice/mysql';
import type { StoreRepair } from '@sluice/compare';
import { createLogger, Registry, type SluiceConfig } from '@sluice/runtime';
import { mysqlSinkSchema, type MysqlSinkConfig } from '../src/config.ts';
import { MysqlSink } from '../src/mysql-sink.ts';
import { openRepair } from '../src/repair.ts';

const PASSWORD = 'Fixture-9';
const SHIPPED = join(import.meta.dirname, '../../../infra/mysql/target/10-sink-account.sql');
const log = createLogger('sink-mysql-test', { level: 'silent' });

/**
 * A target database of its own for the source database `source`, and a connection to look into it. The sink has the rights that
 * `infra` ships, and no others.
 */
export class TargetFixture {
  readonly database = `test_${randomUUID().slice(0, 8)}`;
  readonly reader: Connection;
  readonly #server: MysqlServer;
  readonly #source: string;
  readonly #workers: MysqlSink[] = [];

  static async create(server: MysqlServer, source: string): Promise<TargetFixture> {
    const reader = await connect({ ...server, connectTimeoutMs: 5000 });
    const fixture = new TargetFixture(server, source, reader);
    await reader.query(`CREATE USER '${fixture.database}'@'%' IDENTIFIED BY '${PASSWORD}'`);
    for (const grant of await shippedGrants(fixture.database)) await reader.query(grant);
    return fixture;
  }

  private constructor(server: MysqlServer, source: string, reader: Connection) {
    this.#server = server;
    this.#source = source;
    this.reader = reader;
  }

  /** As in sluice.yaml. */
  get section(): object {
    const { host, port } = this.#server;
    const databases = { [this.#source]: this.database };
    const stateDatabase = `${this.database}_state`;
    return { host, port, user: this.database, password: PASSWORD, databases, stateDatabase };
  }

  /** A sink before `open`; every call gives another worker of the same group. */
  sink(overrides: Partial<MysqlSinkConfig> = {}, prefix = 'test', named: string | null = null): MysqlSink {
    const config = mysqlSinkSchema.parse(this.section);
    const context = {
      name: named ?? 'mysql',
      section: 'sinks.mysql',
      named,
      group: 'test',
      prefix,
      log,
      sourceTables: [],
      registry: new Registry(),
    };
    return new MysqlSink({ ...config, ...overrides }, context);
  }

  /** What `sluice repair` works with, of a sink with this section; whoever opens it closes it. */
  repair(section: object = this.section): Promise<StoreRepair> {
    const config = { sinks: { mysql: section } } as unknown as SluiceConfig;
    const context = {
      pipeline: 'test',
      name: 'mysql',
      section: 'sinks.mysql',
      named: null,
      sourceTables: [],
      prefix: 'test',
      group: 'test',
      hasProgress: () => Promise.resolve(true),
      tombstoneLifeMs: Number.POSITIVE_INFINITY,
      log,
      registry: new Registry(),
    };
    return openRepair({ name: 'mysql', config, contextOf: () => context });
  }

  /** An open sink; closed by `remove`. */
  async worker(
    overrides: Partial<MysqlSinkConfig> = {},
    prefix = 'test',
    named: string | null = null,
  ): Promise<MysqlSink> {
    const sink = this.sink(overrides, prefix, named);
    this.#workers.push(sink);
    await sink.open(new AbortController().signal);
    return sink;
  }

  table(name: string): string {
    return quoteTable(this.database, name);
  }

  all(table: string): Promise<Row[]> {
    return this.rows(`SELECT * FROM ${this.table(table)} ORDER BY 1`);
  }

  async rows(sql: string, values: readonly unknown[] = []): Promise<RowDataPacket[]> {
    const [rows] = await this.reader.query<RowDataPacket[]>(sql, [...values]);
    return rows;
  }

  async remove(): Promise<void> {
    for (const worker of this.#workers.splice(0)) await worker.close();
    await this.reader.query(`DROP DATABASE IF EXISTS ${this.database}`);
    await this.reader.query(`DROP DATABASE IF EXISTS ${this.database}_state`);
    await this.reader.query(`DROP USER '${this.database}'@'%'`);
    await this.reader.end();
  }
}

/** The GRANT statements of the shipped file, for this database, its state and a user of the same name. */
async function shippedGrants(database: string): Promise<string[]> {
  const statements = (await readFile(SHIPPED, 'utf8')).match(/^GRANT [^;]+/gm) ?? [];
  return statements.map((statement) =>
    statement
      .replace('`shop`', quoteIdentifier(database))
      .replace('`sluice`', quoteIdentifier(`${database}_state`))
      .replace("'sluice'", `'${database}'`),
  );
}
