import {
  acquire,
  createPool,
  toPipelineError,
  type Pool,
  type PoolConnection,
  type RowDataPacket,
} from '@sluice/mysql';
import { PipelineError, type Secret } from '@sluice/runtime';
import type { SqlDriver } from '@sluice/sql-sink';
import type { MysqlSinkConfig } from './config.ts';

/**
 * On top of what every Sluice session sets: partitions are applied in any order, so parents may come after children;
 * at READ COMMITTED absent keys take no gap locks; a lock is waited for shorter than a consumer's session lasts.
 */
const SESSION = [
  'SET SESSION foreign_key_checks = 0, innodb_lock_wait_timeout = 5, lock_wait_timeout = 10',
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
];
const ROLLBACK_TIMEOUT_MS = 5000;
/** Characters of a lock's name (MySQL manual, "Locking Functions"). */
const LOCK_NAME_MAX = 64;
const LOCK_WAIT_TIMEOUT = 1205;

/**
 * Nothing is connected before the first use. A session that says nothing for longer than a transaction may take is ended by
 * the server: a sink that hangs in the middle of one would otherwise hold its rows against its successor for hours
 * (`wait_timeout`, 8 hours by default). The pool replaces connections that were idle for so long.
 * @param section `sinks.<name>`
 */
export function targetPool(config: MysqlSinkConfig, section: string): Pool {
  const { host, port, user, password, tls, connectTimeoutMs } = config;
  const pool = createPool(
    { host, port, user, password, tls, connectTimeoutMs, setting: `${section}.tls` },
    config.connections,
  );
  const silence = `SET SESSION wait_timeout = ${Math.ceil(config.transactionTimeoutMs / 1000)}`;
  // Statements of a connection run in order: these are done before its user gets at it.
  pool.pool.on('connection', (connection) => {
    for (const statement of [...SESSION, silence]) {
      connection.query(statement, (error) => {
        if (error !== null) connection.destroy();
      });
    }
  });
  return pool;
}

/** @param password as the pool has it */
export function mysqlDriver(pool: Pool, password: Secret): SqlDriver<PoolConnection> {
  return {
    acquire: () => acquire(pool, password),
    release: (connection) => connection.release(),
    destroy: (connection) => connection.destroy(),
    rollBack: async (connection) => {
      await connection.query({ sql: 'ROLLBACK', timeout: ROLLBACK_TIMEOUT_MS });
    },
    rows: async (connection, sql, values = []) => {
      const [rows] = await connection.query<RowDataPacket[]>({ sql, values: [...values], rowsAsArray: true });
      return rows as unknown as unknown[][];
    },
    change: async (connection, sql, values = []) => {
      const [result] = await connection.query(sql, [...values]);
      return 'affectedRows' in result ? result.affectedRows : 0;
    },
    lock: async (connection, name, seconds) => {
      const [rows] = await connection.query<RowDataPacket[]>('SELECT GET_LOCK(?, ?) AS got', [
        lockName(name),
        seconds,
      ]);
      return Number(rows[0]?.['got']) === 1;
    },
    unlock: async (connection, name) => {
      await connection.query('SELECT RELEASE_LOCK(?)', [lockName(name)]);
    },
    toError: (error, scope) => ofOneTable(toPipelineError(error, scope)),
    unanswered: () =>
      new PipelineError('MYSQL_UNREACHABLE', 'the target did not answer in time, or the batch was given up'),
  };
}

/** Of rows, or of a table that is altered or read: the server has answered, and other tables can be written. */
function ofOneTable(failure: PipelineError): PipelineError {
  const { code, context, message, cause } = failure;
  if (code !== 'MYSQL_BUSY' || context['errno'] !== LOCK_WAIT_TIMEOUT) return failure;
  return new PipelineError('TARGET_LOCKED', `another session holds a lock: ${message}`, { cause, context });
}

function lockName(name: string): string {
  return name.slice(0, LOCK_NAME_MAX);
}
