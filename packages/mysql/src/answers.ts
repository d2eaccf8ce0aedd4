import type { Duplex } from 'node:stream';
import { PipelineError } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';

/**
 * What `asked` resolves to. A server may take a login and then answer nothing (it is frozen, its disk is full, a commit waits for a replica).
 * Throws MYSQL_UNREACHABLE after `limitMs`; what was asked is then for who destroys its connection.
 * @param who of the message
 */
export async function answerOf<T>(asked: Promise<T>, limitMs: number, who = 'The server'): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const message = `${who} took the login, and has not answered within ${limitMs / 1000} s`;
    late.reject(new PipelineError('MYSQL_UNREACHABLE', message));
  }, limitMs);
  asked.catch(() => undefined); // once it is late, nobody waits for it
  try {
    return await Promise.race([asked, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * From here on each `query` of the connection throws MYSQL_UNREACHABLE when it is not answered within `limitMs`.
 * @param who of the message
 */
export function boundAnswers(connection: Connection, limitMs: number, who?: string): void {
  const query = connection.query.bind(connection) as (...asked: unknown[]) => Promise<unknown>;
  const bound = (...asked: unknown[]): Promise<unknown> => answerOf(query(...asked), limitMs, who);
  connection.query = bound as Connection['query'];
}

/**
 * Has `destroy` reject what is under way, with MYSQL_UNREACHABLE. The driver's own never settles it: whoever waited for the answer of a
 * server that hangs would wait for ever, although somebody has ended the connection.
 */
export function settleWhenDestroyed(connection: Connection): void {
  const destroy = connection.destroy.bind(connection);
  // The driver has no public types for it. With TLS it is another one than in the beginning.
  const core = (connection as unknown as { readonly connection: { readonly stream: Duplex } }).connection;
  connection.destroy = (): void => {
    destroy();
    core.stream.destroy(new PipelineError('MYSQL_UNREACHABLE', ENDED));
  };
}

const ENDED = 'The connection was ended before the server had answered';
