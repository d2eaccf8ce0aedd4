import { ADDRESS_VARIABLES, startStack, type MysqlServer, type ServerName } from '@sluice/local-stack';

/** One set of servers for every suite; each test file keeps to topics, databases and indexes of its own. */
export interface SharedStack {
  /** What makes `startStack` of a test file attach to these servers instead of starting its own. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const servers = Object.keys(ADDRESS_VARIABLES) as ServerName[];

/** Servers whose address is in the environment already are used, not started. */
export async function startSharedStack(
  signal: AbortSignal,
  onProgress: (line: string) => void,
): Promise<SharedStack> {
  const stack = await startStack({ servers, signal, onProgress });
  const addresses: Readonly<Record<ServerName, string>> = {
    kafka: stack.kafka.brokers.join(','),
    mysql: mysqlUrl(stack.mysql),
    mariadb: mysqlUrl(stack.mariadb),
    'target-mysql': mysqlUrl(stack.targetMysql),
    redis: stack.redis.url,
    elasticsearch: stack.elasticsearch.node,
  };
  return {
    env: Object.fromEntries(servers.map((server) => [ADDRESS_VARIABLES[server], addresses[server]])),
    close: () => stack.stop(),
  };
}

function mysqlUrl({ host, port, user, password }: MysqlServer): string {
  return `mysql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${host}:${port}`;
}
