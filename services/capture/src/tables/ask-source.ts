import type { Connection } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import { queryRows } from '../source/query.ts';
import type { Source } from '../source/source.ts';

/** The whole stream waits for the answer: who has locked a table may keep it waiting so long (s). */
const LOCK_WAIT_S = 20;
/** ER_LOCK_WAIT_TIMEOUT, also of the locks that DDL and LOCK TABLES take (MySQL and MariaDB manuals, "lock_wait_timeout"). */
const LOCK_WAIT_TIMEOUT = 1205;

/**
 * One question on a connection of its own, between two events. Throws a PipelineError when the source fails; MYSQL_BUSY, which is
 * tried again, when somebody has locked what is asked about.
 * @param about for people, e.g. `table shop.orders`
 */
export async function askSource<T>(
  source: Pick<Source, 'connect'>,
  about: string,
  question: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await source.connect();
  try {
    await queryRows(connection, `SET SESSION lock_wait_timeout = ${LOCK_WAIT_S}`);
    return await question(connection);
  } catch (error) {
    throw isLockWait(error) ? locked(about, error) : error;
  } finally {
    connection.destroy();
  }
}

function isLockWait(error: unknown): error is PipelineError {
  return error instanceof PipelineError && error.context['errno'] === LOCK_WAIT_TIMEOUT;
}

function locked(about: string, error: PipelineError): PipelineError {
  const message = `The source did not answer a query about ${about} for ${LOCK_WAIT_S} s: a session holds a lock on it (LOCK TABLES, or DDL that runs or waits), and the stream waits for the lock. SHOW FULL PROCESSLIST on the source shows the session.`;
  return new PipelineError(error.code, message, { cause: error, context: error.context });
}
