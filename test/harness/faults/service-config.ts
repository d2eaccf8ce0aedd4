import type { ServiceName } from '../pipelines/sink-pipeline.ts';
import { brokersOf, type FaultServers } from './fault-servers.ts';
import { indexPrefix, TARGET_SUFFIX } from './store-views.ts';

export type Sections = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const PARTITIONS = 3;
/** A sink's patience with Kafka's group and with its store, shorter than by default, so that a case takes seconds. */
const PATIENCE = {
  sessionTimeoutMs: 6000,
  retry: { initialMs: 100, maxMs: 1000 },
  breaker: { failures: 5, resetMs: 2000 },
};
const ANSWER_TIMEOUT_MS = 3000;

export interface ConfigOf {
  readonly name: string;
  readonly service: ServiceName;
  readonly ops: { readonly port: number; readonly metricsPort: number };
  /** Laid over the sections of the same name. */
  readonly sections: Sections;
}

/** The sluice.yaml of one service: its own proxies, its own ports. JSON is YAML. */
export function serviceConfig(servers: FaultServers, of: ConfigOf): unknown {
  const { name, service, ops, sections } = of;
  const { user, password } = servers.source;
  const base: Sections = {
    source: { ...sourceOf(servers), user, password, tables: [`${name}.*`], connectTimeoutMs: 3000 },
    kafka: { brokers: brokersOf(servers, service) },
    topics: { partitions: PARTITIONS },
    capture: { ops },
    sinks: sinkSections(servers, name, ops),
  };
  return { pipeline: name, ...laidOver(base, sections) };
}

/** The members of each section of `more` in the place of those of the same name. */
export function laidOver(base: Sections, more: Sections): Sections {
  const names = new Set([...Object.keys(base), ...Object.keys(more)]);
  return Object.fromEntries([...names].map((section) => [section, { ...base[section], ...more[section] }]));
}

function sourceOf({ proxies, replicated }: FaultServers): object {
  if (replicated === null) return addressOf(proxies.source);
  return { hosts: [addressOf(proxies.source), addressOf(replicated.servers.replica)] };
}

function sinkSections({ proxies, stack }: FaultServers, name: string, ops: ConfigOf['ops']): Sections {
  const { redis, elasticsearch, mysql } = proxies.stores;
  const { user, password } = stack.targetMysql;
  return {
    redis: { ops, ...PATIENCE, url: `redis://${redis.host}:${redis.port}`, timeoutMs: ANSWER_TIMEOUT_MS },
    elasticsearch: {
      ops,
      ...PATIENCE,
      node: `http://${elasticsearch.host}:${elasticsearch.port}`,
      indexPrefix: indexPrefix(name),
      requestTimeoutMs: ANSWER_TIMEOUT_MS,
    },
    mysql: {
      ops,
      ...PATIENCE,
      ...addressOf(mysql),
      user,
      password,
      databases: { [name]: `${name}${TARGET_SUFFIX}` },
      stateDatabase: `${name}_state`,
      connectTimeoutMs: ANSWER_TIMEOUT_MS,
      transactionTimeoutMs: 2 * ANSWER_TIMEOUT_MS,
    },
  };
}

function addressOf({ host, port }: { readonly host: string; readonly port: number }): {
  host: string;
  port: number;
} {
  return { host, port };
}
