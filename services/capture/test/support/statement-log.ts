import { BinlogDecoder, type BinlogHandler } from '@sluice/binlog';
import type { MysqlServer } from '@sluice/local-stack';
import { connect, quoteTable, type Connection, type RowDataPacket } from '@sluice/mysql';
import { createLogger } from '@sluice/runtime';
import { createConnection, type Connection as RawConnection } from 'mysql2/promise';
import { BinlogReader } from '../../src/source/binlog-reader.ts';
import { describeServer } from '../../src/source/server.ts';
import { classifyStatement, type Statement } from '../../src/ddl/ddl.ts';

const ANSWER_MS = 20_000;
let lastServerId = 70_000 + (process.pid % 10_000);

/** A table as information_schema has it; its first column is named by a number that no other table has. */
export interface TableState {
  readonly identity: string;
  readonly columns: string;
  readonly rows: number;
}

/** Runs statements on a real server and tells what capture reads of them in its binlog. */
export class StatementLog {
  readonly server: MysqlServer;
  readonly databases: readonly [string, string];
  /** In utf8mb4, for what is not under test. */
  readonly admin: Connection;
  /** The session of the statements: each character of theirs is one byte. */
  readonly session: RawConnection;
  readonly #reader: BinlogReader;
  readonly #decoder: BinlogDecoder;
  readonly #seen: Statement[] = [];
  #markers = 0;
  #passed = 0;

  static async open(server: MysqlServer, databases: readonly [string, string]): Promise<StatementLog> {
    const admin = await connect({ ...server, connectTimeoutMs: 10_000 });
    for (const name of databases) await admin.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
    await admin.query(`CREATE TABLE ${databases[0]}.sluice_marker (n INT NOT NULL PRIMARY KEY)`);
    const { host, port, user, password } = server;
    const session = await createConnection({ host, port, user, password, charset: 'BINARY' });
    // Else the driver follows SET NAMES, and would encode the statements itself.
    await session.query("SET SESSION session_track_system_variables = ''");
    await session.query(`USE ${databases[0]}`);
    const modern = server.flavour === 'mysql';
    const [status] = await admin.query<RowDataPacket[]>(
      modern ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS',
    );
    const from = { file: String(status[0]?.['File']), position: Number(status[0]?.['Position']) };
    const reader = await BinlogReader.open({
      connection: { host, port, user, password },
      serverId: lastServerId++,
      server: await describeServer(admin),
      from: { ...from, gtidSet: null },
      heartbeatMs: 1000,
      queueBytes: 1_000_000,
      log: createLogger('test', { level: 'silent' }),
    });
    return new StatementLog(server, databases, admin, session, reader, from);
  }

  private constructor(
    server: MysqlServer,
    databases: readonly [string, string],
    admin: Connection,
    session: RawConnection,
    reader: BinlogReader,
    from: { readonly file: string; readonly position: number },
  ) {
    this.server = server;
    this.databases = databases;
    this.admin = admin;
    this.session = session;
    this.#reader = reader;
    this.#decoder = new BinlogDecoder(this.#handler(), {
      flavour: server.flavour,
      checksum: reader.checksum,
      ...from,
    });
  }

  /** What capture has read since the last call: statements of the two databases, in order. */
  async read(): Promise<readonly Statement[]> {
    await this.admin.query(`INSERT INTO ${this.databases[0]}.sluice_marker VALUES (${++this.#markers})`);
    for (const end = performance.now() + ANSWER_MS; this.#passed < this.#markers;) {
      if (performance.now() > end) throw new Error('the marker did not come');
      for (const event of await this.#reader.take(200)) this.#decoder.accept(event);
    }
    return this.#seen.splice(0);
  }

  async tables(): Promise<ReadonlyMap<string, TableState>> {
    const [columns] = await this.admin.query<RowDataPacket[]>(
      `SELECT TABLE_SCHEMA d, TABLE_NAME t, COLUMN_NAME c, COLUMN_TYPE y FROM information_schema.COLUMNS
       WHERE TABLE_SCHEMA IN (?) AND TABLE_NAME <> 'sluice_marker' ORDER BY d, t, ORDINAL_POSITION`,
      [this.databases],
    );
    const byTable = Map.groupBy(columns, ({ d, t }) => `${String(d)}.${String(t)}`);
    const states = new Map<string, TableState>();
    for (const [name, list] of byTable) {
      const [count] = await this.admin.query<RowDataPacket[]>(
        `SELECT COUNT(*) n FROM ${quoteTable(String(list[0]?.['d']), String(list[0]?.['t']))}`,
      );
      const [identity = '', ...others] = list.map(({ c, y }) => `${String(c)} ${String(y)}`);
      states.set(name, { identity, columns: others.join(), rows: Number(count[0]?.['n']) });
    }
    return states;
  }

  async close(): Promise<void> {
    this.#reader.close();
    this.session.destroy();
    for (const name of this.databases) await this.admin.query(`DROP DATABASE IF EXISTS ${name}`);
    this.admin.destroy();
  }

  #handler(): BinlogHandler {
    const [home] = this.databases;
    const ignore = (): void => undefined;
    return {
      onFormat: ignore,
      onRotate: ignore,
      onBegin: ignore,
      onTableMap: ignore,
      onCommit: ignore,
      onHeartbeat: ignore,
      onUnknown: ignore,
      onRows: (rows) => {
        this.#passed += Number(rows.table.database === home && rows.table.table === 'sluice_marker');
        rows.countImages();
      },
      onQuery: (query) => {
        if (this.databases.includes(query.database))
          this.#seen.push(classifyStatement(query, this.server.flavour));
      },
    };
  }
}
