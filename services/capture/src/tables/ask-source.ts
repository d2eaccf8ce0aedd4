import type { Connection } from 'mysql2/promise';
import { boundLockWait } from '../source/lock-wait.ts';
import { onConnection } from '../source/open-connection.ts';
import type { Source } from '../source/source.ts';

/**
 * One question on a connection of its own, between two events. Throws a PipelineError when the source fails, or leaves it unanswered;
 * MYSQL_BUSY, which is tried again, when somebody has locked what is asked about.
 * @param about for people, e.g. `table shop.orders`
 */
export async function askSource<T>(
  source: Pick<Source, 'connect'>,
  about: string,
  question: (connection: Connection) => Promise<T>,
): Promise<T> {
  return onConnection(source, {}, (connection) => boundLockWait(connection, about, question));
}
