import { createPool, toPipelineError, type Pool, type PoolConnection } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import type { MysqlSinkConfig } from './config.ts';

/**
 * On top of what every Sluice session sets: partitions are applied in any order, so parents may come after children;
 * at READ COMMITTED absent keys take no gap locks; a lock is waited for shorter than a consumer's session lasts.
 */
const SESSION = [
  'SET SESSION foreign_key_checks = 0, innodb_lock_wait_timeout = 5, lock_wait_timeout = 10',
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
];

/**
 * Nothing is connected before the first use. A session that says nothing for longer than a transaction may take is ended by
 * the server: a sink that hangs in the middle of one would otherwise hold its rows against its successor for hours
 * (`wait_timeout`, 8 hours by default). The pool replaces connections that were idle for so long.
 */
export function targetPool(config: MysqlSinkConfig): Pool {
  const { host, port, user, password, tls, connectTimeoutMs } = config;
  const pool = createPool({ host, port, user, password, tls, connectTimeoutMs }, config.connections);
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

/**
 * Lends a connection to `work` for at most `timeoutMs`. After a failure of the connection, a timeout or an abort it is
 * destroyed, never lent again: the server rolls back what was open. Errors come out as PipelineErrors.
 */
export async function withConnection<T>(
  pool: Pool,
  limits: { readonly signal: AbortSignal; readonly timeoutMs: number },
  work: (connection: PoolConnection) => Promise<T>,
): Promise<T> {
  const deadline = AbortSignal.any([limits.signal, AbortSignal.timeout(limits.timeoutMs)]);
  const connection = await until(deadline, pool.getConnection(), (late) => late.release()).catch(refused);
  let healthy = false;
  try {
    const result = await until(deadline, work(connection));
    healthy = true;
    return result;
  } catch (error) {
    const failure = toPipelineError(error, 'item');
    healthy = !deadline.aborted && (await rolledBack(connection));
    throw failure;
  } finally {
    if (healthy) connection.release();
    else connection.destroy();
  }
}

/** Hears of a COMMIT: without an answer nobody knows what became of it. */
export interface CommitWatcher {
  /** The COMMIT is about to be sent. */
  sent(): void;
  /** The server has confirmed it. */
  committed(): void;
}

/** `work` inside START TRANSACTION … COMMIT; the rollback of a failed one is the lender's. */
export async function inTransaction(
  connection: PoolConnection,
  work: () => Promise<CommitWatcher>,
): Promise<void> {
  await connection.query('START TRANSACTION');
  const watcher = await work();
  watcher.sent();
  await connection.query('COMMIT');
  watcher.committed();
}

function refused(error: unknown): never {
  throw toPipelineError(error, 'connection');
}

async function rolledBack(connection: PoolConnection): Promise<boolean> {
  try {
    await connection.query({ sql: 'ROLLBACK', timeout: 5000 });
    return true;
  } catch {
    return false;
  }
}

/** The driver never settles the statements of a destroyed connection, so a deadline has to be raced with them. */
async function until<T>(deadline: AbortSignal, work: Promise<T>, tooLate?: (late: T) => void): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const give = (): void => {
    reject(
      new PipelineError('MYSQL_UNREACHABLE', 'the target did not answer in time, or the batch was given up'),
    );
    work.then(tooLate ?? (() => undefined), () => undefined);
  };
  if (deadline.aborted) give();
  deadline.addEventListener('abort', give, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    deadline.removeEventListener('abort', give);
  }
}
