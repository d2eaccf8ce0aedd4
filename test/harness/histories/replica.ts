import { compareSinks, describeDifference } from '@sluice/compare';
import { tableIdOf, type TableName } from '@sluice/envelope';
import type { MariadbVersion, MysqlServer, Stack } from '@sluice/local-stack';
import { connect, quoteTable, type Connection, type RowDataPacket } from '@sluice/mysql';
import { eventually } from '../eventually.ts';
import { ownServers } from '../pipelines/own-servers.ts';
import type { Scope } from '../scope.ts';
import type { StoreDifference } from '../pipelines/watched-pipeline.ts';

export type Flavour = MysqlServer['flavour'];
/** The two servers, by the roles that they have at first. */
export type ServerPlace = 'source' | 'replica';

const CONNECT_TIMEOUT_MS = 10_000;
/** How long the replica may take behind the source. */
const BEHIND_SECONDS = 300;
/** Nothing of these servers has to outlive a power cut. */
const SOURCE_FLAGS: Readonly<Record<Flavour, readonly string[]>> = {
  mysql: ['--innodb-flush-log-at-trx-commit=0', '--innodb-doublewrite=OFF', '--innodb-flush-method=nosync'],
  mariadb: [
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-doublewrite=OFF',
    '--innodb-flush-method=nosync',
    '--sync-frm=OFF',
  ],
};
const REPLICA_FLAGS: Readonly<Record<Flavour, readonly string[]>> = {
  // Which statement a worker stopped at is told there only.
  mysql: ['--server-id=77', '--read-only=ON', '--performance-schema=ON'],
  mariadb: ['--server-id=77', '--read-only=ON'],
};

interface SummedTable extends TableName {
  readonly hasKey: boolean;
  /** Of all rows; 0 when there is none. */
  readonly sum: unknown;
}

export interface ReplicaVerdict {
  /** Those with a primary key. */
  readonly tables: readonly TableName[];
  /** Those without one that have rows. */
  readonly keyless: readonly TableName[];
  readonly different: readonly StoreDifference[];
}

/** A source of a test's own and a server that replicates from it, both empty at first. */
export class ReplicatedSource {
  readonly source: MysqlServer;
  readonly replica: MysqlServer;
  readonly #scope: Scope;
  readonly #stacks: Readonly<Record<ServerPlace, Stack>>;
  readonly #connections: Record<ServerPlace, Connection>;

  /**
   * @param flags of both servers; default: those of servers that nobody kills
   * @param versions of MariaDB; default: the same, which the environment names
   */
  static async start(
    scope: Scope,
    flavour: Flavour,
    flags: readonly string[] = SOURCE_FLAGS[flavour],
    versions: Partial<Readonly<Record<ServerPlace, MariadbVersion>>> = {},
  ): Promise<ReplicatedSource> {
    const [ofSource, ofReplica] = await Promise.all([
      ownServers(scope, { [flavour]: flags }, [], environmentOf(versions.source)),
      ownServers(
        scope,
        { [flavour]: [...flags, ...REPLICA_FLAGS[flavour]] },
        [],
        environmentOf(versions.replica),
      ),
    ]);
    const servers = { source: ofSource[flavour], replica: ofReplica[flavour] };
    const connections = {
      source: await connectTo(scope, servers.source),
      replica: await connectTo(scope, servers.replica),
    };
    await connections.replica.query(followStatement(servers.source));
    await connections.replica.query(flavour === 'mysql' ? 'START REPLICA' : 'START SLAVE');
    return new ReplicatedSource(scope, { source: ofSource, replica: ofReplica }, servers, connections);
  }

  private constructor(
    scope: Scope,
    stacks: Readonly<Record<ServerPlace, Stack>>,
    servers: Readonly<Record<ServerPlace, MysqlServer>>,
    connections: Record<ServerPlace, Connection>,
  ) {
    this.#scope = scope;
    this.#stacks = stacks;
    this.source = servers.source;
    this.replica = servers.replica;
    this.#connections = connections;
  }

  /** `kill -9` of the source. */
  killSource(): Promise<void> {
    return this.kill('source');
  }

  /** The same server again, with its data. */
  startSource(): Promise<void> {
    return this.start('source');
  }

  /** `kill -9` */
  async kill(where: ServerPlace): Promise<void> {
    this.#connections[where].destroy();
    await this.#stacks[where].kill(this[where].flavour);
  }

  /** The same server again, with its data and with the settings that it was first started with. */
  async start(where: ServerPlace): Promise<void> {
    await this.#stacks[where].start(this[where].flavour);
    this.#connections[where] = await connectTo(this.#scope, this[where]);
  }

  /** Runs a statement on one of them, as an administrator. */
  async on(where: ServerPlace, statement: string): Promise<readonly RowDataPacket[]> {
    const [rows] = await this.#connections[where].query<RowDataPacket[]>(statement);
    return rows;
  }

  /** Waits until the one that replicates has all that the other has committed; throws with its own error when it stopped. */
  async caughtUp(follower: ServerPlace = 'replica'): Promise<void> {
    const isMysql = this.source.flavour === 'mysql';
    const followed = this.#connections[follower === 'replica' ? 'source' : 'replica'];
    const [[place]] = await followed.query<RowDataPacket[]>(
      isMysql ? 'SELECT @@GLOBAL.gtid_executed AS gtid' : 'SELECT @@GLOBAL.gtid_binlog_pos AS gtid',
    );
    const wait = isMysql ? 'WAIT_FOR_EXECUTED_GTID_SET' : 'MASTER_GTID_WAIT';
    await eventually(
      'the replica to have caught up',
      async () => {
        const stopped = await this.#stopped(follower);
        if (stopped !== null) return stopped;
        const [[row]] = await this.#connections[follower].query<RowDataPacket[]>(
          `SELECT ${wait}(?, 1) AS late`,
          [place?.['gtid']],
        );
        return row?.['late'] === 0 ? 'caught up' : undefined;
      },
      { timeoutMs: BEHIND_SECONDS * 1000 },
    ).then((end) => {
      if (end !== 'caught up') throw new ReplicaStopped(end);
    });
  }

  /** Rolls back XA transactions that were prepared and forgotten: they hold locks, and no session ends them. */
  async forgetPrepared(): Promise<void> {
    for (const row of await this.on('source', 'XA RECOVER'))
      await this.on('source', `XA ROLLBACK '${String(row['data'])}'`);
  }

  /** Tables of databases with this prefix, and what is not equal on source and replica. Rows without a primary key are not held against it. */
  async compare(prefix: string): Promise<ReplicaVerdict> {
    const [ours, theirs] = await Promise.all([
      this.#sums(this.#connections.source, prefix),
      this.#sums(this.#connections.replica, prefix),
    ]);
    const all = [...ours.values()];
    const tables = all.filter(({ hasKey }) => hasKey).map(({ database, table }) => ({ database, table }));
    const keyless = all
      .filter(({ hasKey, sum }) => !hasKey && Number(sum) !== 0)
      .map(({ database, table }) => ({ database, table }));
    const different: StoreDifference[] = [...theirs.keys()]
      .filter((name) => !ours.has(name))
      .map((table) => ({ table, line: `${table}: only there` }));
    // A sum also hangs on how rows are laid out: only the values themselves tell.
    const unequal = tables.filter((id) => ours.get(tableIdOf(id))?.sum !== theirs.get(tableIdOf(id))?.sum);
    if (unequal.length === 0) return { tables, keyless, different };
    const { host, port, user, password } = this.replica;
    const { sinks } = await compareSinks({
      source: this.source,
      tables: unequal,
      sinks: { mysql: { host, port, user, password } },
    });
    for (const example of sinks['mysql']?.examples ?? []) {
      different.push({ table: example.table, line: describeDifference(example) });
    }
    return { tables, keyless, different };
  }

  async #sums(connection: Connection, prefix: string): Promise<Map<string, SummedTable>> {
    const [rows] = await connection.query<RowDataPacket[]>(
      `SELECT t.TABLE_SCHEMA AS d, t.TABLE_NAME AS t, EXISTS (
         SELECT 1 FROM information_schema.statistics s WHERE s.TABLE_SCHEMA = t.TABLE_SCHEMA
         AND BINARY s.TABLE_NAME = BINARY t.TABLE_NAME AND s.INDEX_NAME = 'PRIMARY') AS k
       FROM information_schema.tables t WHERE t.TABLE_SCHEMA LIKE ? AND t.TABLE_TYPE = 'BASE TABLE' ORDER BY 1, 2`,
      [`${prefix.replaceAll('_', '\\_')}%`],
    );
    const ids = rows.map((row) => ({
      database: String(row['d']),
      table: String(row['t']),
      hasKey: Number(row['k']) === 1,
    }));
    if (ids.length === 0) return new Map();
    const names = ids.map(({ database, table }) => quoteTable(database, table)).join(', ');
    const [sums] = await connection.query<RowDataPacket[]>(`CHECKSUM TABLE ${names}`);
    return new Map(
      ids.map((id, place) => [tableIdOf(id), { ...id, sum: sums[place]?.['Checksum'] as unknown }]),
    );
  }

  async #stopped(follower: ServerPlace): Promise<string | null> {
    const isMysql = this.source.flavour === 'mysql';
    const [row] = await this.on(follower, `SHOW ${isMysql ? 'REPLICA' : 'SLAVE'} STATUS`);
    const error = `${row?.['Last_SQL_Error'] ?? ''}${row?.['Last_IO_Error'] ?? ''}`;
    if (error === '') return null;
    if (!isMysql) return error;
    const workers = await this.on(
      follower,
      `SELECT LAST_ERROR_MESSAGE AS text FROM performance_schema.replication_applier_status_by_worker
       WHERE LAST_ERROR_NUMBER > 0`,
    );
    return [error, ...workers.map(({ text }) => String(text))].join('; ');
  }
}

/** Nothing can be held against it any more. */
export class ReplicaStopped extends Error {
  constructor(reason: string) {
    super(`the replica stopped: ${reason}`);
    this.name = 'ReplicaStopped';
  }
}

function environmentOf(version: MariadbVersion | undefined): NodeJS.ProcessEnv {
  return version === undefined ? process.env : { ...process.env, SLUICE_STACK_MARIADB: version };
}

async function connectTo(scope: Scope, server: MysqlServer): Promise<Connection> {
  const connection = await connect({ ...server, connectTimeoutMs: CONNECT_TIMEOUT_MS });
  scope.defer(() => connection.destroy());
  return connection;
}

/** Makes a server a replica of another one, by GTID. */
export function followStatement({ flavour, host, port, user, password }: MysqlServer): string {
  const [prefix, option] = flavour === 'mysql' ? ['REPLICATION SOURCE', 'SOURCE'] : ['MASTER', 'MASTER'];
  const place = `${option}_HOST = '${host}', ${option}_PORT = ${port}, ${option}_USER = '${user}', ${option}_PASSWORD = '${password}'`;
  const gtid =
    flavour === 'mysql'
      ? 'SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1'
      : // MariaDB 11.8 asks its source for TLS, which 10.11 has only with a certificate.
        'MASTER_USE_GTID = slave_pos, MASTER_SSL = 0';
  return `CHANGE ${prefix} TO ${place}, ${gtid}`;
}
