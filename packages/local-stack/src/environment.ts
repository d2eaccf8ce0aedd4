import { PipelineError } from '@sluice/runtime';
import type { ServerName } from './servers/server.ts';

/** The environment variable that makes the stack use a server that runs already instead of starting one. */
export const ADDRESS_VARIABLES: Readonly<Record<ServerName, string>> = {
  kafka: 'SLUICE_KAFKA_BROKERS',
  mysql: 'SLUICE_SOURCE_MYSQL_URL',
  mariadb: 'SLUICE_SOURCE_MARIADB_URL',
  'target-mysql': 'SLUICE_TARGET_MYSQL_URL',
  redis: 'SLUICE_REDIS_URL',
  elasticsearch: 'SLUICE_ELASTICSEARCH_URL',
  prometheus: 'SLUICE_PROMETHEUS_URL',
  alertmanager: 'SLUICE_ALERTMANAGER_URL',
};

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** As given, for clients that take a URL or a broker list. */
  readonly text: string;
}

const DEFAULT_PORTS: Readonly<Record<ServerName, number>> = {
  kafka: 9092,
  mysql: 3306,
  mariadb: 3306,
  'target-mysql': 3306,
  redis: 6379,
  elasticsearch: 9200,
  prometheus: 9090,
  alertmanager: 9093,
};

/** Null when the variable is not set or empty. Throws CONFIG_INVALID for a text that is no address. */
export function addressFromEnvironment(server: ServerName, env: NodeJS.ProcessEnv): Address | null {
  const variable = ADDRESS_VARIABLES[server];
  const text = env[variable]?.trim();
  if (!text) return null;
  const url = server === 'kafka' ? `kafka://${text.split(',')[0]}` : text;
  const parsed = URL.parse(url);
  if (parsed === null || parsed.hostname === '') {
    const example = server === 'kafka' ? 'host:9092,host:9093' : 'mysql://user:password@host:3306';
    throw new PipelineError('CONFIG_INVALID', `${variable} is not an address such as ${example}`);
  }
  const { hostname, port, username, password } = parsed;
  return {
    host: hostname.replaceAll(/[[\]]/g, ''),
    port: port === '' ? DEFAULT_PORTS[server] : Number(port),
    user: decodeURIComponent(username) || 'root',
    password: decodeURIComponent(password),
    text,
  };
}
