import { freePorts, type ServerName, type Stack } from '@sluice/local-stack';
import { FaultProxy } from '../fault-proxy/fault-proxy.ts';
import { ownServers } from '../pipelines/own-servers.ts';
import type { Scope } from '../scope.ts';
import type { ServiceName, SinkName } from '../pipelines/sink-pipeline.ts';

export const SERVICE_NAMES: readonly ServiceName[] = [
  'capture',
  'sink-redis',
  'sink-elasticsearch',
  'sink-mysql',
];

/** Where a service reaches a server: each through a proxy of its own. */
export interface Proxies {
  readonly source: FaultProxy;
  /** Capture's way to Kafka is not that of a sink. */
  readonly kafka: Readonly<Record<ServiceName, FaultProxy>>;
  readonly stores: Readonly<Record<SinkName, FaultProxy>>;
}

/** Servers that cases may kill, and a proxy before each of them. */
export interface FaultServers {
  readonly stack: Stack;
  readonly proxies: Proxies;
  /** False where Elasticsearch is someone else's, whom a kill would disturb. */
  readonly ownsElasticsearch: boolean;
}

/**
 * Elasticsearch, which takes longest to start, is used where its address is in the environment, unless `ownsElasticsearch`.
 * Redis keeps what it has acknowledged when it is killed; so do the others.
 */
export async function startFaultServers(scope: Scope, ownsElasticsearch: boolean): Promise<FaultServers> {
  const kafkaPorts = await freePorts(SERVICE_NAMES.length * 2);
  const listeners = SERVICE_NAMES.map((service, place) => ({
    service,
    port: kafkaPorts[place * 2] ?? 0,
    proxyPort: kafkaPorts[place * 2 + 1] ?? 0,
  }));
  const flags: Partial<Record<ServerName, readonly string[]>> = {
    kafka: kafkaLines(listeners),
    mysql: [],
    'target-mysql': ['--innodb-lock-wait-timeout=5'],
    // By default a write may wait for a slow fsync of the one before, after it was acknowledged: a kill would lose it.
    redis: ['--appendonly', 'yes', '--appendfsync', 'always'],
    ...(ownsElasticsearch ? { elasticsearch: [] } : {}),
  };
  const owned = await ownServers(scope, flags, ownsElasticsearch ? [] : ['elasticsearch']);
  const open = async (port: number, proxyPort?: number): Promise<FaultProxy> => {
    const proxy = await FaultProxy.start({ host: '127.0.0.1', port }, proxyPort);
    scope.defer(() => proxy.close());
    return proxy;
  };
  const kafka = await Promise.all(
    listeners.map(async ({ service, port, proxyPort }) => [service, await open(port, proxyPort)] as const),
  );
  const proxies = {
    source: await open(owned.mysql.port),
    kafka: Object.fromEntries(kafka) as Record<ServiceName, FaultProxy>,
    stores: {
      redis: await open(Number(new URL(owned.redis.url).port)),
      elasticsearch: await open(Number(new URL(owned.elasticsearch.node).port)),
      mysql: await open(owned.targetMysql.port),
    },
  };
  return { stack: owned, proxies, ownsElasticsearch };
}

interface Listener {
  readonly service: ServiceName;
  readonly port: number;
  readonly proxyPort: number;
}

/** A broker tells its clients where it is: so each service needs a listener that names the service's proxy. */
function kafkaLines(listeners: readonly Listener[]): string[] {
  const named = listeners.map((listener, place) => ({ ...listener, name: `SERVICE${place}` }));
  const join = (first: string, text: (listener: Listener & { name: string }) => string): string =>
    [first, ...named.map(text)].join(',');
  const own = 'PLAINTEXT://127.0.0.1:{port}';
  return [
    `listeners=${join(`${own},CONTROLLER://127.0.0.1:{innerPort}`, ({ name, port }) => `${name}://127.0.0.1:${port}`)}`,
    `advertised.listeners=${join(own, ({ name, proxyPort }) => `${name}://127.0.0.1:${proxyPort}`)}`,
    `listener.security.protocol.map=${join('PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT', ({ name }) => `${name}:PLAINTEXT`)}`,
    'inter.broker.listener.name=PLAINTEXT',
  ];
}
