import type { ServerName } from './servers/server.ts';
import type { MysqlServer, Stack } from './stack.ts';

/** Where the servers are, as plain data for people and scripts. */
export function stackAddresses(stack: Stack, servers: readonly ServerName[]): Record<string, unknown> {
  const addresses: Readonly<Record<ServerName, () => [string, unknown]>> = {
    kafka: () => ['kafka', stack.kafka],
    mysql: () => ['mysql', stack.mysql],
    mariadb: () => ['mariadb', stack.mariadb],
    'target-mysql': () => ['targetMysql', stack.targetMysql],
    redis: () => ['redis', stack.redis],
    elasticsearch: () => ['elasticsearch', stack.elasticsearch],
    prometheus: () => ['prometheus', stack.prometheus],
    alertmanager: () => ['alertmanager', stack.alertmanager],
  };
  return Object.fromEntries(servers.map((server) => addresses[server]()));
}

/** The value of the server's environment variable that makes another process use it. */
export function addressText(stack: Stack, server: ServerName): string {
  const texts: Readonly<Record<ServerName, () => string>> = {
    kafka: () => stack.kafka.brokers.join(','),
    mysql: () => mysqlUrl(stack.mysql),
    mariadb: () => mysqlUrl(stack.mariadb),
    'target-mysql': () => mysqlUrl(stack.targetMysql),
    redis: () => stack.redis.url,
    elasticsearch: () => stack.elasticsearch.node,
    prometheus: () => stack.prometheus.url,
    alertmanager: () => stack.alertmanager.url,
  };
  return texts[server]();
}

function mysqlUrl({ host, port, user, password }: MysqlServer): string {
  return `mysql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}:${port}`;
}
