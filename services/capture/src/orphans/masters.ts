import { readVariables, type Connection, type MysqlOptions } from '@sluice/mysql';
import { PipelineError, type SluiceConfig, type SourceHost } from '@sluice/runtime';
import { openConnection } from '../source/open-connection.ts';
import { queryRows } from '../source/query.ts';
import type { ServerFacts } from '../source/server.ts';
import { GtidSet } from './gtid-set.ts';

/** One of the two servers, and which transactions it has. */
export interface Master {
  /** `host:port` */
  readonly address: string;
  readonly options: MysqlOptions;
  readonly facts: ServerFacts;
  readonly connection: Connection;
  /** In the server's own form. */
  readonly gtidText: string;
  readonly gtids: GtidSet;
}

export type Address = Pick<SourceHost, 'host' | 'port'>;

export const addressText = ({ host, port }: Address): string => `${host}:${port}`;

/**
 * Connects with the login of `source`. Throws a PipelineError with a MYSQL_… code, ORPHANS_REFUSED when the server has no GTIDs.
 * @param login in place of that of `source`
 */
export async function openMaster(
  { source }: SluiceConfig,
  { host, port }: Address,
  login: Pick<MysqlOptions, 'user' | 'password'> = source,
): Promise<Master> {
  const { tls, connectTimeoutMs } = source;
  const { user, password } = login;
  const options = { host, port, user, password, tls, connectTimeoutMs, setting: 'source.tls' };
  const { connection, facts } = await openConnection(options);
  try {
    const address = addressText(options);
    if (!facts.gtid)
      throw refused(`${address} has no GTIDs (gtid_mode is not ON): nothing tells which transactions it has`);
    const gtidText = await transactionsOf(connection, facts);
    const gtids = GtidSet.parse(facts.flavour, gtidText);
    return { address, options, facts, connection, gtidText, gtids };
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

/** All that the server has executed. MariaDB: what is in its binlog, and what it has replicated. */
export async function transactionsOf(
  connection: Connection,
  { flavour }: Pick<ServerFacts, 'flavour'>,
): Promise<string> {
  if (flavour === 'mysql') {
    const [row] = await queryRows(connection, 'SELECT @@GLOBAL.gtid_executed AS gtids');
    return String(row?.['gtids'] ?? '').replace(/\s/gu, '');
  }
  const names = ['gtid_binlog_state', 'gtid_slave_pos'] as const;
  const values = await readVariables(connection, names);
  return names
    .map((name) => values.get(name) ?? '')
    .filter((text) => text !== '')
    .join(',');
}

/** Throws ORPHANS_REFUSED when the two are one server, or cannot have one history. */
export function requireTwoServers(old: Master, newMaster: Master): void {
  const { address } = newMaster;
  if (old.facts.flavour !== newMaster.facts.flavour)
    throw refused(`${old.address} is ${old.facts.flavour}, and ${address} is ${newMaster.facts.flavour}`);
  if (old.facts.identity === newMaster.facts.identity)
    throw refused(`${old.address} and ${address} are the same server: name the new master by --to`);
}

/** The new master: the server of `--to`, else the one of `source` that is not the old one. Throws CONFIG_INVALID. */
export function newMasterOf({ source }: SluiceConfig, old: Address | null, to: Address | null): Address {
  if (to !== null) return to;
  const others = source.hosts.filter((host) => old === null || addressText(host) !== addressText(old));
  const [only] = others;
  if (only !== undefined && others.length === 1) return only;
  throw new PipelineError(
    'CONFIG_INVALID',
    others.length === 0
      ? 'source.host is the server of --from: name the new master by --to HOST:PORT.'
      : `source.hosts names several servers beside the old master: say which is the new one by --to HOST:PORT.`,
  );
}

export function refused(why: string): PipelineError {
  return new PipelineError('ORPHANS_REFUSED', `${why.charAt(0).toUpperCase()}${why.slice(1)}.`);
}
