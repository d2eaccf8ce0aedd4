import type { TableName } from '@sluice/envelope';
import { connect, quoteIdentifier, quoteTable, type Connection, type RowDataPacket } from '@sluice/mysql';
import type { MysqlServer } from '@sluice/local-stack';
import { eventually } from '../harness/eventually.ts';
import type { Scope } from '../harness/scope.ts';

/** `mtr` has what the suite's own runner gives its files. */
const OWN = ['mysql', 'information_schema', 'performance_schema', 'sys', 'mtr'];

export interface StateTable extends TableName {
  readonly hasKey: boolean;
}

export interface ServerCounts {
  /** Statements that the server was asked to carry out since it began. */
  readonly statements: number;
  /** Of them such as throw the binlog away, or what else RESET is about. */
  readonly resets: number;
}

/** What a file may leave behind on the server, and how it is put back. */
export class ServerState {
  readonly #connection: Connection;
  readonly #flavour: MysqlServer['flavour'];
  readonly #globals: ReadonlyMap<string, string>;

  static async read(scope: Scope, server: MysqlServer): Promise<ServerState> {
    const connection = await connect({ ...server, connectTimeoutMs: 10_000 });
    scope.defer(() => connection.destroy());
    return new ServerState(connection, server.flavour, await globals(connection, server.flavour));
  }

  private constructor(
    connection: Connection,
    flavour: MysqlServer['flavour'],
    values: ReadonlyMap<string, string>,
  ) {
    this.#connection = connection;
    this.#flavour = flavour;
    this.#globals = values;
  }

  /** Tables of all databases but the server's own, and whether they have a primary key. */
  async tables(except: string): Promise<StateTable[]> {
    const [rows] = await this.#connection.query<RowDataPacket[]>(
      `SELECT t.TABLE_SCHEMA AS d, t.TABLE_NAME AS t, COUNT(s.INDEX_NAME) AS k
       FROM information_schema.tables t LEFT JOIN information_schema.statistics s
         ON s.TABLE_SCHEMA = t.TABLE_SCHEMA AND s.TABLE_NAME = t.TABLE_NAME AND s.INDEX_NAME = 'PRIMARY'
       WHERE t.TABLE_TYPE = 'BASE TABLE' AND t.TABLE_SCHEMA NOT IN (?) GROUP BY 1, 2 ORDER BY 1, 2`,
      [[...OWN, except]],
    );
    return rows.map((row) => ({
      database: String(row['d']),
      table: String(row['t']),
      hasKey: Number(row['k']) > 0,
    }));
  }

  async counts(): Promise<ServerCounts> {
    const [rows] = await this.#connection.query<RowDataPacket[]>(
      "SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Com_reset')",
    );
    const of = (name: string): number =>
      Number(rows.find((row) => row['Variable_name'] === name)?.['Value'] ?? 0);
    return { statements: of('Questions'), resets: of('Com_reset') };
  }

  /** Whether it can be read and is empty: nothing of it could have been captured. */
  async isEmpty({ database, table }: TableName): Promise<boolean> {
    const sql = `SELECT 1 FROM ${quoteTable(database, table)} LIMIT 1`;
    return this.#connection.query<RowDataPacket[]>(sql).then(
      ([rows]) => rows.length === 0,
      () => false,
    );
  }

  /** Ends what files have left open, sets changed variables back and drops all databases but one; makes the one that files find. Returns what it could not. */
  async restore(kept: string, made: string): Promise<string[]> {
    const problems: string[] = [];
    const attempt = async (sql: string): Promise<void> => {
      await this.#connection.query(sql).catch((error: unknown) => problems.push(`${sql}: ${String(error)}`));
    };
    for (const [name, value] of await globals(this.#connection, this.#flavour)) {
      const before = this.#globals.get(name);
      if (before !== undefined && before !== value) await attempt(`SET GLOBAL ${name} = ${literal(before)}`);
    }
    await attempt('SET SESSION lock_wait_timeout = 5, foreign_key_checks = 0, sql_mode = DEFAULT');
    problems.push(...(await this.#endSessions()));
    const [rows] = await this.#connection.query<RowDataPacket[]>('SHOW DATABASES');
    const names = rows.map((row) => String(row['Database']));
    for (const name of names.filter((each) => each !== kept && !OWN.includes(each.toLowerCase()))) {
      await attempt(`DROP DATABASE ${quoteIdentifier(name)}`);
    }
    await attempt(`CREATE DATABASE ${quoteIdentifier(made)} CHARACTER SET latin1`);
    return problems;
  }

  /**
   * Ends sessions of files, which come by the socket, and rolls back the XA transactions that they have prepared: the locks of
   * those stay for as long as the server runs.
   */
  async #endSessions(): Promise<string[]> {
    if (this.#flavour !== 'mariadb') return [];
    const sessions = async (): Promise<number[]> => {
      const [rows] = await this.#connection.query<RowDataPacket[]>(
        "SELECT ID AS id FROM information_schema.processlist WHERE HOST = 'localhost' AND COMMAND <> 'Daemon'",
      );
      return rows.map((row) => Number(row['id']));
    };
    for (const id of await sessions()) await this.#connection.query(`KILL ${id}`).catch(() => undefined);
    const isOver = async (): Promise<boolean> => (await sessions()).length === 0;
    const problems: string[] = [];
    const failed = (error: unknown): void => void problems.push(String(error));
    await eventually('the end of sessions', isOver, { timeoutMs: 10_000 }).catch(failed);
    const [prepared] = await this.#connection.query<RowDataPacket[]>("XA RECOVER FORMAT = 'SQL'");
    for (const row of prepared)
      await this.#connection.query(`XA ROLLBACK ${String(row['data'])}`).catch(failed);
    return problems;
  }
}

/** MySQL tells which can be set in the performance schema only, which may be off; those that cannot do not change. */
const GLOBALS: Readonly<Record<MysqlServer['flavour'], string>> = {
  mysql:
    "SHOW GLOBAL VARIABLES WHERE Variable_name NOT LIKE 'gtid\\_%' AND Variable_name NOT LIKE '%timestamp%'",
  mariadb: `SELECT VARIABLE_NAME AS Variable_name, GLOBAL_VALUE AS Value FROM information_schema.SYSTEM_VARIABLES
     WHERE READ_ONLY = 'NO' AND VARIABLE_SCOPE <> 'SESSION ONLY' AND VARIABLE_NAME NOT LIKE 'gtid\\_%' AND VARIABLE_NAME NOT LIKE '%timestamp%'`,
};

async function globals(
  connection: Connection,
  flavour: MysqlServer['flavour'],
): Promise<Map<string, string>> {
  const [rows] = await connection.query<RowDataPacket[]>(GLOBALS[flavour]);
  return new Map(rows.map((row) => [String(row['Variable_name']), String(row['Value'])]));
}

const literal = (value: string): string =>
  /^-?\d+(\.\d+)?$/.test(value) ? value : `'${value.replaceAll("'", "''")}'`;
