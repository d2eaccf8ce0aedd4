import type { ConnectionOptions } from 'mysql2';
import type { Connection } from 'mysql2/promise';
import { connect, driverOptions, type MysqlOptions } from '@sluice/mysql';
import { PipelineError, type SluiceConfig } from '@sluice/runtime';
import { describeServer, type ServerFacts } from './server.ts';

/** The source server as it was when a session began. */
export interface Source {
  readonly facts: ServerFacts;
  /** For the binlog connections, which the reader library opens itself. */
  readonly connectionOptions: ConnectionOptions;
  /** Throws SOURCE_MOVED when another server answers at the address than in the beginning. */
  connect(): Promise<Connection>;
}

/** Throws a PipelineError with a MYSQL_… code when the server cannot be reached or refuses the user. */
export async function openSource(config: SluiceConfig): Promise<Source> {
  const { host, port, user, password, tls, connectTimeoutMs } = config.source;
  const options = { host, port, user, password, tls, connectTimeoutMs, setting: 'source.tls' };
  const connection = await connect(options);
  try {
    const facts = await describeServer(connection);
    const again = (): Promise<Connection> => connectTo(facts, options);
    return { facts, connectionOptions: driverOptions(options), connect: again };
  } finally {
    connection.destroy();
  }
}

/** Rows and binlog must come from one server: an address may lead to another one from one moment to the next. */
async function connectTo(facts: ServerFacts, options: MysqlOptions): Promise<Connection> {
  const connection = await connect(options);
  try {
    const { identity } = await describeServer(connection);
    if (identity === facts.identity) return connection;
  } catch (error) {
    connection.destroy();
    throw error;
  }
  connection.destroy();
  throw new PipelineError(
    'SOURCE_MOVED',
    `Another server answers at ${options.host}:${options.port} than before.`,
  );
}
