import { readFileSync } from 'node:fs';
import { PipelineError, type ServerTlsConfig } from '@sluice/runtime';
import {
  createConnection,
  createPool as createMysqlPool,
  type Connection,
  type ConnectionOptions,
  type Pool,
} from 'mysql2/promise';
import { toPipelineError } from './errors.ts';
import { SESSION_SQL } from './session-sql.ts';

export type { Connection, Pool, PoolConnection, RowDataPacket } from 'mysql2/promise';

export interface MysqlOptions {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly tls?: ServerTlsConfig | undefined;
  /** Milliseconds until an unanswered connection attempt fails. */
  readonly connectTimeoutMs: number;
  /** Default database of the session. */
  readonly database?: string;
}

/**
 * Dates come as text, BIGINTs beyond 2^53 − 1 as text, character set utf8mb4. Throws a PipelineError with a MYSQL_… code.
 * A connection that is lost while idle says so at its next statement.
 */
export async function connect(options: MysqlOptions): Promise<Connection> {
  let connection: Connection | undefined;
  try {
    connection = await createConnection(driverOptions(options));
    // Without a listener, losing an idle connection would end the process.
    connection.on('error', () => undefined);
    await connection.query(SESSION_SQL);
    return connection;
  } catch (error) {
    connection?.destroy();
    throw withAddress(toPipelineError(error), options);
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
    connection.on('error', () => undefined);
    connection.query(SESSION_SQL, (error) => {
      if (error !== null) connection.destroy();
    });
  });
  return pool;
}

/** What the driver is given; also for a library that opens its connections itself. */
export function driverOptions(options: MysqlOptions): ConnectionOptions {
  return {
    host: options.host,
    port: options.port,
    user: options.user,
    password: options.password,
    ...(options.database === undefined ? {} : { database: options.database }),
    ...(options.tls === undefined ? {} : { ssl: tlsOptions(options.tls) }),
    connectTimeout: options.connectTimeoutMs,
    // The server must not ask for local files; affected rows are changed rows, not found ones.
    flags: ['-LOCAL_FILES', '-FOUND_ROWS'],
    charset: 'UTF8MB4_UNICODE_CI',
    timezone: 'Z',
    dateStrings: true,
    supportBigNumbers: true,
    multipleStatements: false,
    enableKeepAlive: true,
    keepAliveInitialDelay: 30_000,
  };
}

function tlsOptions(tls: ServerTlsConfig): NonNullable<Exclude<ConnectionOptions['ssl'], string>> {
  const verify = tls.rejectUnauthorized;
  return {
    rejectUnauthorized: verify,
    // The driver's default checks who signed the certificate but not whose it is.
    verifyIdentity: verify,
    ...(tls.caFile === undefined ? {} : { ca: readCa(tls.caFile) }),
  };
}

function readCa(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new PipelineError('MYSQL_TLS_FAILED', `cannot read the CA file ${file}`, {
      cause: error,
      context: { file },
    });
  }
}

function withAddress(error: PipelineError, { host, port, user }: MysqlOptions): PipelineError {
  return new PipelineError(error.code, `${error.message} at ${host}:${port} as ${user}`, {
    cause: error.cause,
    context: { ...error.context, host, port, user },
  });
}
