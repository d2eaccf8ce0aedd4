import { answerOf, boundAnswers, connect, type Connection, type MysqlOptions } from '@sluice/mysql';
import { whenAborted } from '@sluice/runtime';
import { describeServer, type ServerFacts } from './server.ts';

/** So many times `source.connectTimeoutMs` the first answers of a server may take. */
const PATIENCE = 2;
/** Longer than any question about one table or about the server itself takes, locks that it waits for included (ms). */
const ANSWER_MS = 120_000;

/** A connection, and whose it is. Throws a PipelineError with a MYSQL_… code, within a bounded time whatever the server leaves unanswered. */
export async function openConnection(
  options: MysqlOptions,
): Promise<{ readonly connection: Connection; readonly facts: ServerFacts }> {
  const connection = await connect(options);
  try {
    const limitMs = options.connectTimeoutMs * PATIENCE;
    const facts = await answerOf(describeServer(connection), limitMs, `${options.host}:${options.port}`);
    return { connection, facts };
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

export interface Bounds {
  /** Ends the question. */
  readonly signal?: AbortSignal;
  /** How long the source may take for each statement (ms); null: whoever asks bounds it. Default: two minutes. */
  readonly answerMs?: number | null;
}

/**
 * What `work` finds on a connection to the source of its own. Throws MYSQL_UNREACHABLE when the source leaves a statement unanswered, and the
 * signal's reason at once, whatever the source is asked just then.
 */
export async function onConnection<T>(
  source: { readonly connect: () => Promise<Connection> },
  { signal, answerMs = ANSWER_MS }: Bounds,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const opened = source.connect();
  const asked = opened.then((connection) => {
    if (answerMs !== null) boundAnswers(connection, answerMs, 'The source');
    return work(connection);
  });
  try {
    return await orAborted(asked, signal);
  } finally {
    // Also one that comes about only after the signal.
    void opened.then(
      (connection) => connection.destroy(),
      () => undefined,
    );
  }
}

/** What `work` resolves to; rejects with the signal's reason as soon as it aborts. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const stopped = Promise.withResolvers<never>();
  stopped.promise.catch(() => undefined);
  const forget = whenAborted(signal, () => stopped.reject(signal.reason));
  try {
    return await Promise.race([work, stopped.promise]);
  } finally {
    forget();
  }
}
