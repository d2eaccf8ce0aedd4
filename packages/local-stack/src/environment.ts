import { PipelineError } from '@sluice/runtime';
import type { MariadbVersion } from './servers/mariadb-server.ts';
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

/** What the target is. */
export type TargetServer = 'mysql' | `mariadb-${MariadbVersion}`;

const MARIADB_VERSIONS: readonly MariadbVersion[] = ['10.11', '11.8'];
const TARGET_SERVERS: readonly TargetServer[] = [
  'mysql',
  ...MARIADB_VERSIONS.map((version) => `mariadb-${version}` as const),
];

/** The server that `target-mysql` is, by SLUICE_STACK_TARGET; default MySQL. Throws CONFIG_INVALID for one that is not offered. */
export function targetServerOf(env: NodeJS.ProcessEnv): TargetServer {
  return offered('SLUICE_STACK_TARGET', env, TARGET_SERVERS);
}

/** The version that `mariadb` has, by SLUICE_STACK_MARIADB; default 10.11. Throws CONFIG_INVALID for one that is not offered. */
export function mariadbVersionOf(env: NodeJS.ProcessEnv): MariadbVersion {
  return offered('SLUICE_STACK_MARIADB', env, MARIADB_VERSIONS);
}

/** The first one by default. */
function offered<T extends string>(variable: string, env: NodeJS.ProcessEnv, all: readonly T[]): T {
  const wanted = env[variable]?.trim() || all[0];
  const found = all.find((one) => one === wanted);
  if (found !== undefined) return found;
  throw new PipelineError(
    'CONFIG_INVALID',
    `${variable}: ${wanted} is not offered; there are ${all.join(', ')}`,
  );
}

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
