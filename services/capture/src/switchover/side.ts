import { boundAnswers, readVariables, type Connection, type MysqlOptions } from '@sluice/mysql';
import type { SluiceConfig } from '@sluice/runtime';
import { GtidSet } from '../orphans/gtid-set.ts';
import { transactionsOf, type Address } from '../orphans/masters.ts';
import { openConnection } from '../source/open-connection.ts';
import { queryRows } from '../source/query.ts';
import type { ServerFacts } from '../source/server.ts';

/** One of the two servers of a switchover, as it answers now. */
export interface Side {
  readonly address: Address;
  readonly connection: Connection;
  readonly facts: ServerFacts;
  /** All that it has executed. */
  readonly executed: () => Promise<GtidSet>;
  /** The newest transactions of its binlog: who has these has all. In the server's own form. */
  readonly mark: () => Promise<string>;
}

/** Who may set a server read-only. */
export type Login = Pick<MysqlOptions, 'user' | 'password'>;

/** For one that hangs (ms). */
export const LIMIT_MS = 120_000;

/**
 * Asks a server by a connection of its own. Throws a PipelineError with a MYSQL_… code, MYSQL_UNREACHABLE when a statement is not answered within
 * `limitMs`, and what `work` throws.
 */
export async function withSide<T>(
  { source }: SluiceConfig,
  { host, port }: Address,
  login: Login | null,
  work: (side: Side) => Promise<T>,
  limitMs = LIMIT_MS,
): Promise<T> {
  const { tls, connectTimeoutMs } = source;
  const { user, password } = login ?? source;
  const { connection, facts } = await openConnection({
    host,
    port,
    user,
    password,
    tls,
    connectTimeoutMs,
    setting: 'source.tls',
  });
  try {
    boundAnswers(connection, limitMs, `${host}:${port}`);
    return await work({
      address: { host, port },
      connection,
      facts,
      executed: async () => GtidSet.parse(facts.flavour, await transactionsOf(connection, facts)),
      mark: () => markOf(connection, facts),
    });
  } finally {
    connection.destroy();
  }
}

/** By which KILL ends it. Throws a PipelineError with a MYSQL_… code. */
export async function connectionId(connection: Connection): Promise<number> {
  const [row] = await queryRows(connection, 'SELECT CONNECTION_ID() AS id');
  return Number(row?.['id']);
}

/** What one server has that the other never had. @param has asked before `all`: what it replicates meanwhile is not held against it */
export function ownOf(has: GtidSet, all: GtidSet): GtidSet {
  return has.minus(all.completedBy(has));
}

async function markOf(connection: Connection, facts: ServerFacts): Promise<string> {
  if (facts.flavour === 'mysql') return transactionsOf(connection, facts);
  return (await readVariables(connection, ['gtid_binlog_pos'])).get('gtid_binlog_pos') ?? '';
}
