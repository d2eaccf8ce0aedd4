import { PipelineError } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';
import { queryRows } from './query.ts';

/** A start, or the whole stream, waits for the answer: who has locked a table may keep it waiting so long (s). */
const LOCK_WAIT_S = 20;
/** ER_LOCK_WAIT_TIMEOUT, also of the locks that DDL and LOCK TABLES take (MySQL and MariaDB manuals, "lock_wait_timeout"). */
const LOCK_WAIT_TIMEOUT = 1205;

/**
 * Asks something for which the server may wait for a table's lock; by default it waits a year (MySQL) or a day (MariaDB). Throws
 * MYSQL_BUSY, which is tried again, when a session holds the lock for longer than 20 s.
 * @param about for people, e.g. `table shop.orders`
 */
export async function boundLockWait<T>(
  connection: Connection,
  about: string,
  question: (connection: Connection) => Promise<T>,
): Promise<T> {
  try {
    await queryRows(connection, `SET SESSION lock_wait_timeout = ${LOCK_WAIT_S}`);
    return await question(connection);
  } catch (error) {
    throw isLockWait(error) ? locked(about, error) : error;
  }
}

function isLockWait(error: unknown): error is PipelineError {
  return error instanceof PipelineError && error.context['errno'] === LOCK_WAIT_TIMEOUT;
}

function locked(about: string, error: PipelineError): PipelineError {
  const message = `The source did not answer a query about ${about} for ${LOCK_WAIT_S} s: a session holds a lock on it (LOCK TABLES, or DDL that runs or waits), and capture waits for the lock. SHOW FULL PROCESSLIST on the source shows the session.`;
  return new PipelineError(error.code, message, { cause: error, context: error.context });
}
