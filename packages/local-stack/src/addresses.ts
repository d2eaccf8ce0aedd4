import type { ServerName } from './servers/server.ts';
import type { Stack } from './stack.ts';

/** Where the servers are, as plain data for people and scripts. */
export function stackAddresses(stack: Stack, servers: readonly ServerName[]): Record<string, unknown> {
  const addresses: Readonly<Record<ServerName, () => [string, unknown]>> = {
    kafka: () => ['kafka', stack.kafka],
    mysql: () => ['mysql', stack.mysql],
    mariadb: () => ['mariadb', stack.mariadb],
    'target-mysql': () => ['targetMysql', stack.targetMysql],
    redis: () => ['redis', stack.redis],
    elasticsearch: () => ['elasticsearch', stack.elasticsearch],
  };
  return Object.fromEntries(servers.map((server) => addresses[server]()));
}
