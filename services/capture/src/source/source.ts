import type { ConnectionOptions } from 'mysql2';
import type { Connection } from 'mysql2/promise';
import { connect, driverOptions } from '@sluice/mysql';
import type { SluiceConfig } from '@sluice/runtime';
import { describeServer, type ServerFacts } from './server.ts';

/** The source server as it was when an incarnation began. */
export interface Source {
  readonly facts: ServerFacts;
  /** For the binlog connections, which the reader library opens itself. */
  readonly connectionOptions: ConnectionOptions;
  connect(): Promise<Connection>;
}

/** Throws a PipelineError with a MYSQL_… code when the server cannot be reached or refuses the user. */
export async function openSource(config: SluiceConfig): Promise<Source> {
  const { host, port, user, password, tls, connectTimeoutMs } = config.source;
  const options = { host, port, user, password, tls, connectTimeoutMs };
  const connection = await connect(options);
  try {
    const facts = await describeServer(connection);
    return { facts, connectionOptions: driverOptions(options), connect: () => connect(options) };
  } finally {
    connection.destroy();
  }
}
