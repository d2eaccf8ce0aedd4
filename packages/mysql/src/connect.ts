import { Socket } from 'node:net';
import {
  isLoopback,
  loginRefused,
  loginTaken,
  PipelineError,
  readClientTls,
  readSecret,
  type ClientTls,
  type Secret,
  type TlsSetting,
} from '@sluice/runtime';
import {
  createConnection,
  createPool as createMysqlPool,
  type Connection,
  type ConnectionOptions,
  type Pool,
  type PoolConnection,
} from 'mysql2/promise';
import { answerOf, settleWhenDestroyed } from './answers.ts';
import { toPipelineError } from './errors.ts';
import { SESSION_SQL } from './session-sql.ts';

export type { Connection, Pool, PoolConnection, RowDataPacket } from 'mysql2/promise';

export interface MysqlOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** One that changes is read again at each connection. */
  readonly password: Secret;
  /** Default: encryption without identity, none on loopback. */
  readonly tls?: TlsSetting;
  /** Place of `tls` in sluice.yaml, for messages; default `tls`. */
  readonly setting?: string;
  /** Milliseconds until an unanswered connection attempt fails, and so many again until an unanswered first statement does. */
  readonly connectTimeoutMs: number;
  /** Default database of the session. */
  readonly database?: string;
}

const KEEP_ALIVE_MS = 30_000;
const ENCRYPTED_ONLY: ClientTls = { rejectUnauthorized: false };

/**
 * Dates come as text, BIGINTs beyond 2^53 − 1 as text, character set utf8mb4. Throws a PipelineError with a MYSQL_… code.
 * A connection that is lost while idle says so at its next statement; one that is destroyed rejects what is under way.
 */
export async function connect(options: MysqlOptions): Promise<Connection> {
  let connection: Connection | undefined;
  try {
    const password = await readSecret(options.password);
    connection = await createConnection(driverOptions({ ...options, password }));
    settleWhenDestroyed(connection);
    loginTaken(options.password);
    // Without a listener, losing an idle connection would end the process.
    connection.on('error', () => undefined);
    await answerOf(connection.query(SESSION_SQL), options.connectTimeoutMs);
    return connection;
  } catch (error) {
    connection?.destroy();
    throw refusedOr(withAddress(toPipelineError(error), options), options.password);
  }
}

/**
 * A connection of the pool.
 * @param password as the pool has it
 * @throws a PipelineError with a MYSQL_… code, SECRET_UNAVAILABLE, SECRET_REFUSED
 */
export async function acquire(pool: Pool, password: Secret): Promise<PoolConnection> {
  try {
    return await pool.getConnection();
  } catch (error) {
    throw refusedOr(toPipelineError(error), password);
  }
}

/** A pool of at most `connections` of the same kind. Nothing is connected before the first use. */
export function createPool(options: MysqlOptions, connections: number): Pool {
  const pool = createMysqlPool({
    ...driverOptions(options),
    connectionLimit: connections,
    waitForConnections: true,
    queueLimit: connections * 16,
  });
  // Statements of a connection run in order: this one is done before the pool's user gets at it. The event gives the
  // driver's callback connection, whatever wraps the pool.
  pool.pool.on('connection', (connection) => {
    loginTaken(options.password);
    connection.on('error', () => undefined);
    connection.query(SESSION_SQL, (error) => {
      if (error !== null) connection.destroy();
    });
  });
  return pool;
}

/** What the driver is given; also for a library that opens its connections itself. */
export function driverOptions(options: MysqlOptions): ConnectionOptions {
  const tls = tlsOf(options);
  return {
    host: options.host,
    port: options.port,
    user: options.user,
    password: typeof options.password === 'string' ? options.password : '',
    ...(options.database === undefined ? {} : { database: options.database }),
    connectTimeout: options.connectTimeoutMs,
    // The server must not ask for local files; affected rows are changed rows, not found ones.
    flags: ['-LOCAL_FILES', '-FOUND_ROWS'],
    charset: 'UTF8MB4_UNICODE_CI',
    timezone: 'Z',
    dateStrings: true,
    supportBigNumbers: true,
    multipleStatements: false,
    enableKeepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    ...(tls === undefined ? {} : encrypted(options, tls)),
    ...(tls === undefined && typeof options.password === 'string' ? {} : { stream: socketOf(options) }),
  };
}

/** The setting, or what holds without it: a password does not cross a network in clear unless that is written. */
function tlsOf({ tls, host }: MysqlOptions): ClientTls | undefined {
  if (tls === 'off') return undefined;
  return tls ?? (isLoopback(host) ? undefined : ENCRYPTED_ONLY);
}

/**
 * TLS for the driver. It checks a certificate against its own `host` and knows no other name, and takes an address for `localhost`:
 * so it is told the name in the place of the host, and gets a socket (`socketOf`) that goes to the host and that names it to Node's TLS.
 */
function encrypted({ host, setting = 'tls' }: MysqlOptions, tls: ClientTls): ConnectionOptions {
  const { servername, ...files } = readClientTls(tls, setting, host);
  const verify = tls.rejectUnauthorized;
  // The driver's default checks who signed the certificate but not whose it is.
  return { ssl: { ...files, verifyIdentity: verify }, host: servername ?? host };
}

/**
 * The socket of one connection. The server speaks first: a password that changes is read before it can, and put where the driver looks for it
 * when it answers.
 */
function socketOf({ host, port, password }: MysqlOptions): (options: DriverSettings) => Socket {
  return ({ config }) => {
    const socket = new Socket();
    const open = (): void => {
      socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS).connect(port, host);
    };
    if (typeof password === 'string') open();
    else
      readSecret(password).then(
        (value) => {
          config.password = value;
          if (!socket.destroyed) open();
        },
        (error: unknown) => socket.destroy(error as Error),
      );
    return Object.assign(socket, { _host: host });
  };
}

/** What the driver hands to `stream`, as far as it is used here. */
interface DriverSettings {
  readonly config: { password: string };
}

/** SECRET_REFUSED in the place of MYSQL_AUTH_FAILED, while a password that was good may be changing. */
function refusedOr(error: PipelineError, password: Secret): PipelineError {
  return error.code === 'MYSQL_AUTH_FAILED' ? loginRefused(password, error) : error;
}

function withAddress(error: PipelineError, { host, port, user }: MysqlOptions): PipelineError {
  return new PipelineError(error.code, `${error.message} at ${host}:${port} as ${user}`, {
    cause: error.cause,
    context: { ...error.context, host, port, user },
  });
}
