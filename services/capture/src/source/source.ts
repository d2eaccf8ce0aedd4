import type { ConnectionOptions } from 'mysql2';
import type { Connection } from 'mysql2/promise';
import { driverOptions, type MysqlOptions } from '@sluice/mysql';
import type { SluiceConfig } from '@sluice/runtime';
import { chooseHost, probeHosts, type Choice, type Wishes } from './choose-host.ts';
import { movedFrom } from './moved.ts';
import { openConnection } from './open-connection.ts';
import type { ServerFacts } from './server.ts';

/** The source server as it was when a session began. */
export interface Source {
  readonly facts: ServerFacts;
  /** How it is reached: of several servers, the chosen one. */
  readonly server: MysqlOptions;
  /** `host:port` */
  readonly address: string;
  /** The others of `source.hosts` that are not read, and why. */
  readonly passedOver: Choice['passedOver'];
  /** For the binlog connections, which the reader library opens itself. */
  readonly connectionOptions: ConnectionOptions;
  /** Throws SOURCE_MOVED when another server answers at the address than in the beginning. */
  connect(): Promise<Connection>;
}

/**
 * Throws a PipelineError with a MYSQL_… code when the server cannot be reached or refuses the user; of several servers SOURCE_UNUSABLE,
 * SOURCE_DIVERGED or SOURCE_BINLOG_PURGED when none may be read.
 *
 * @param wishes by which one of several servers is chosen
 */
export async function openSource(config: SluiceConfig, wishes: Wishes = { place: null }): Promise<Source> {
  const { host, port, user, password, tls, connectTimeoutMs, hosts, read } = config.source;
  const options = { host, port, user, password, tls, connectTimeoutMs, setting: 'source.tls' };
  if (hosts.length === 1 && read === 'any' && hosts[0].role === undefined)
    return sourceAt(options, await factsOf(options), []);
  const probed = await probeHosts(config.source, options, wishes.place);
  const { host: chosen, server, passedOver } = chooseHost(probed, read, wishes);
  return sourceAt({ ...options, ...chosen }, server, passedOver);
}

async function factsOf(options: MysqlOptions): Promise<ServerFacts> {
  const { connection, facts } = await openConnection(options);
  connection.destroy();
  return facts;
}

function sourceAt(options: MysqlOptions, facts: ServerFacts, passedOver: Choice['passedOver']): Source {
  const again = (): Promise<Connection> => connectTo(facts, options);
  const address = `${options.host}:${options.port}`;
  const connectionOptions = driverOptions(options);
  return { facts, server: options, address, passedOver, connectionOptions, connect: again };
}

/** Rows and binlog must come from one server: an address may lead to another one from one moment to the next. */
async function connectTo(facts: ServerFacts, options: MysqlOptions): Promise<Connection> {
  const { connection, facts: now } = await openConnection(options);
  if (now.identity === facts.identity) return connection;
  connection.destroy();
  throw movedFrom(`${options.host}:${options.port}`);
}
