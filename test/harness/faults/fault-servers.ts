import {
  ADDRESS_VARIABLES,
  freePorts,
  KafkaCluster,
  type MysqlServer,
  type ServerName,
  type Stack,
} from '@sluice/local-stack';
import { ReplicatedSource, type Flavour } from '../histories/replica.ts';
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

/** One that runs beside the four in some cases: a second capture. */
export type KeptName = ServiceName | 'standby';
export const KEPT_NAMES: readonly KeptName[] = [...SERVICE_NAMES, 'standby'];

/** Where a service reaches a server: each through a proxy of its own. */
export interface Proxies {
  readonly source: FaultProxy;
  /** Capture's way to Kafka is not that of a sink. Throws where Kafka has several brokers. */
  readonly kafka: Readonly<Record<KeptName, FaultProxy>>;
  readonly stores: Readonly<Record<SinkName, FaultProxy>>;
}

/** How many brokers Kafka has. Three: services reach them without proxies, because each broker would need one for each service. */
export type BrokerCount = 1 | 3;

/** Servers that cases may kill, and a proxy before each of them. */
export interface FaultServers {
  readonly stack: Stack;
  readonly proxies: Proxies;
  /** Where applications write. With a replica a name that moves with the role. */
  readonly source: MysqlServer;
  /** Kafka with three brokers; null where it has one, which is in `stack`. */
  readonly cluster: KafkaCluster | null;
  /** Null where the source has none; else `stack` has no source. */
  readonly replicated: ReplicatedServers | null;
  /** False where Elasticsearch is someone else's, whom a kill would disturb. */
  readonly ownsElasticsearch: boolean;
}

export interface ReplicatedServers {
  readonly servers: ReplicatedSource;
  /** The name that applications know the primary by. */
  readonly name: FaultProxy;
}

/** What cases ask of the servers. */
export interface ServerWishes {
  /** Elasticsearch, which takes longest to start, is used where its address is in the environment, unless this is set. */
  readonly ownsElasticsearch: boolean;
  readonly brokers: BrokerCount;
  /** A source of this kind with a replica; null: a MySQL without one. */
  readonly replicated: Flavour | null;
}

/** Redis keeps what it has acknowledged when it is killed; so do the others. */
export async function startFaultServers(scope: Scope, wishes: ServerWishes): Promise<FaultServers> {
  const { ownsElasticsearch, brokers, replicated: flavour } = wishes;
  const listeners = brokers === 1 ? await freeListeners() : [];
  const cluster = brokers === 1 ? null : await startCluster(scope, brokers);
  const flags: Partial<Record<ServerName, readonly string[]>> = {
    ...(cluster === null ? { kafka: kafkaLines(listeners) } : {}),
    ...(flavour === null ? { mysql: [] } : {}),
    'target-mysql': ['--innodb-lock-wait-timeout=5'],
    // By default a write may wait for a slow fsync of the one before, after it was acknowledged: a kill would lose it.
    redis: ['--appendonly', 'yes', '--appendfsync', 'always'],
    ...(ownsElasticsearch ? { elasticsearch: [] } : {}),
  };
  const shared: ServerName[] = [
    ...(ownsElasticsearch ? [] : (['elasticsearch'] as const)),
    ...(cluster === null ? [] : (['kafka'] as const)),
  ];
  const given = cluster === null ? {} : { [ADDRESS_VARIABLES.kafka]: cluster.brokers.join(',') };
  const stack = await ownServers(scope, flags, shared, { ...process.env, ...given });
  const replicated = flavour === null ? null : await startReplicated(scope, flavour);
  const source = replicated?.servers.source ?? stack.mysql;
  const proxies = await startProxies(scope, { stack, source }, listeners);
  const written = replicated === null ? source : { ...source, ...addressOf(replicated.name) };
  return { stack, proxies, source: written, cluster, replicated, ownsElasticsearch };
}

/** The default of MySQL. */
const LOGS_WHAT_IT_REPLICATES = { mysql: [], mariadb: ['--log-slave-updates=ON'] };

async function startReplicated(scope: Scope, flavour: Flavour): Promise<ReplicatedServers> {
  const servers = await ReplicatedSource.start(scope, flavour, LOGS_WHAT_IT_REPLICATES[flavour]);
  const name = await FaultProxy.start(addressOf(servers.source));
  scope.defer(() => name.close());
  return { servers, name };
}

function addressOf({ host, port }: { readonly host: string; readonly port: number }): {
  host: string;
  port: number;
} {
  return { host, port };
}

async function startCluster(scope: Scope, brokers: number): Promise<KafkaCluster> {
  const cluster = await KafkaCluster.start({ brokers });
  scope.defer(() => cluster.stop());
  return cluster;
}

async function freeListeners(): Promise<Listener[]> {
  const ports = await freePorts(KEPT_NAMES.length * 2);
  return KEPT_NAMES.map((service, place) => ({
    service,
    port: ports[place * 2] ?? 0,
    proxyPort: ports[place * 2 + 1] ?? 0,
  }));
}

async function startProxies(
  scope: Scope,
  { stack, source }: Pick<FaultServers, 'stack' | 'source'>,
  listeners: readonly Listener[],
): Promise<Proxies> {
  const open = async (port: number, proxyPort?: number): Promise<FaultProxy> => {
    const proxy = await FaultProxy.start({ host: '127.0.0.1', port }, proxyPort);
    scope.defer(() => proxy.close());
    return proxy;
  };
  const kafka = await Promise.all(
    listeners.map(async ({ service, port, proxyPort }) => [service, await open(port, proxyPort)] as const),
  );
  return {
    source: await open(source.port),
    kafka: listeners.length === 0 ? noProxies() : (Object.fromEntries(kafka) as Record<KeptName, FaultProxy>),
    stores: {
      redis: await open(Number(new URL(stack.redis.url).port)),
      elasticsearch: await open(Number(new URL(stack.elasticsearch.node).port)),
      mysql: await open(stack.targetMysql.port),
    },
  };
}

/** Where a service finds Kafka: its proxy, or the brokers themselves where there are several. */
export function brokersOf({ proxies, stack, cluster }: FaultServers, service: KeptName): readonly string[] {
  if (cluster !== null) return stack.kafka.brokers;
  const { host, port } = proxies.kafka[service];
  return [`${host}:${port}`];
}

function noProxies(): Record<KeptName, FaultProxy> {
  const refuse = (): never => {
    throw new Error('with several brokers there is no proxy before Kafka');
  };
  const getters = KEPT_NAMES.map((service) => [service, { get: refuse }] as const);
  return Object.defineProperties({}, Object.fromEntries(getters)) as Record<KeptName, FaultProxy>;
}

interface Listener {
  readonly service: KeptName;
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
