import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareSinks, describeDifference, type Comparison } from '@sluice/compare';
import { TopicRouting } from '@sluice/envelope';
import { kafkaClient, TopicReader } from '@sluice/kafka';
import { createLogger } from '@sluice/runtime';
import { Client } from '@elastic/elasticsearch';
import type { Kafka } from 'kafkajs';
import { kafkaConfig } from '../pipelines/capture-pipeline.ts';
import { eventually } from '../eventually.ts';
import { uniqueName, type Scope } from '../scope.ts';
import type { PipelineProcess, ServiceName, SinkName } from '../pipelines/sink-pipeline.ts';
import { CHANGED_TABLES } from './changes.ts';
import { isOfPair, openWays, sectionsOf, type CaptureWays, type PairName } from './capture-pair.ts';
import { SERVICE_NAMES, type FaultServers, type KeptName } from './fault-servers.ts';
import { KeptService } from './kept-service.ts';
import type { Sections } from './service-config.ts';
import { ServiceLauncher, type PipelineWishes, type ProcessOptions } from './service-launcher.ts';
import { Session } from './session.ts';
import { indexPrefix, openViews, TARGET_SUFFIX, type StoreView } from './store-views.ts';

/** Time for reading whole topics: those of a long soak hold half a million records. */
const READ_MS = 300_000;

/** Of two captures the one that is not among the four services, and the ways of both. */
export interface CapturePair {
  readonly standby: KeptService;
  readonly ways: Readonly<Record<PairName, CaptureWays>>;
}

/** A database, a pipeline from it, four services that run, each behind its proxies. */
export class FaultPipeline {
  readonly name: string;
  readonly servers: FaultServers;
  readonly source: Session;
  readonly views: Readonly<Record<SinkName, StoreView>>;
  readonly kafka: Kafka;
  readonly services: Readonly<Record<ServiceName, KeptService>>;
  /** Two captures and their ways; null where there is one. */
  readonly pair: CapturePair | null;
  readonly #launcher: ServiceLauncher;

  static async start(
    scope: Scope,
    servers: FaultServers,
    wishes: PipelineWishes = {},
  ): Promise<FaultPipeline> {
    const name = uniqueName('fault');
    const admin = new Session(servers.source);
    await admin.run(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
    admin.close();
    const source = new Session(servers.source, name);
    scope.defer(() => source.close());
    await source.run(...CHANGED_TABLES, ...(wishes.statements ?? []));
    scope.defer(() => deleteIndexes(servers, name));
    const folder = await mkdtemp(join(tmpdir(), 'sluice-fault-'));
    scope.defer(() => rm(folder, { recursive: true, force: true }));
    const views = openViews(servers.stack, name);
    scope.defer(async () => void (await Promise.all(Object.values(views).map((view) => view.close()))));
    const launcher = new ServiceLauncher(scope, servers, { name, folder, wishes });
    const ways = wishes.isPair === true ? await openWays(scope, servers) : null;
    const keep = async (kept: KeptName): Promise<KeptService> => {
      const service = kept === 'standby' ? 'capture' : kept;
      const own = ways !== null && isOfPair(kept) ? sectionsOf(ways[kept]) : {};
      const running = await KeptService.start(kept, (args) => launcher.launch(service, args, own));
      scope.defer(() => running.kill());
      return running;
    };
    const four = SERVICE_NAMES.map(async (service) => [service, await keep(service)] as const);
    const services = Object.fromEntries(await Promise.all(four)) as Record<ServiceName, KeptService>;
    const pair = ways === null ? null : { ways, standby: await keep('standby') };
    const pipeline = new FaultPipeline(name, servers, source, { views, services, pair }, launcher);
    await Promise.all(pipeline.kept.map((service) => service.process.ready()));
    return pipeline;
  }

  private constructor(
    name: string,
    servers: FaultServers,
    source: Session,
    parts: Pick<FaultPipeline, 'views' | 'services' | 'pair'>,
    launcher: ServiceLauncher,
  ) {
    this.name = name;
    this.servers = servers;
    this.source = source;
    this.views = parts.views;
    this.services = parts.services;
    this.pair = parts.pair;
    this.#launcher = launcher;
    const config = kafkaConfig(servers.stack.kafka.brokers);
    this.kafka = kafkaClient(config, createLogger('test', { level: 'silent' }));
  }

  /** Everything that a supervisor keeps. */
  get kept(): readonly KeptService[] {
    return [...Object.values(this.services), ...(this.pair === null ? [] : [this.pair.standby])];
  }

  /** One more process of a service, which nobody restarts. */
  launchAnother(service: ServiceName): Promise<PipelineProcess> {
    return this.#launcher.launch(service);
  }

  /** Other sections of sluice.yaml, for processes that are started from now on. */
  configure(sections: Sections): void {
    this.#launcher.configure(sections);
  }

  /** In the place of the options that a service had, for processes that are started from now on. */
  setOptions(service: ServiceName, options: ProcessOptions): void {
    this.#launcher.setOptions(service, options);
  }

  topic(table: string): string {
    return new TopicRouting({ prefix: this.name }).topicOf(this.name, table);
  }

  /** Reads topics past the proxies, with connections of its own. */
  async withReader<T>(use: (reader: TopicReader) => Promise<T>): Promise<T> {
    const kafka = kafkaConfig(this.servers.stack.kafka.brokers);
    const signal = AbortSignal.timeout(READ_MS);
    const reader = new TopicReader({ kafka, signal, recoveryMs: 20_000 });
    try {
      return await use(reader);
    } finally {
      reader.close();
    }
  }

  compare(tables: readonly string[]): Promise<Comparison> {
    const { stack, source } = this.servers;
    const { host, port, user, password } = stack.targetMysql;
    const sinks: Readonly<Record<SinkName, object>> = {
      redis: stack.redis,
      elasticsearch: { node: stack.elasticsearch.node, indexPrefix: indexPrefix(this.name) },
      mysql: { host, port, user, password, databases: { [this.name]: `${this.name}${TARGET_SUFFIX}` } },
    };
    const names = tables.map((table) => ({ database: this.name, table }));
    return compareSinks({ source, tables: names, sinks });
  }

  /** Waits until every store equals the source, which must be quiet. Throws with what differs. */
  async converged(tables: readonly string[], timeoutMs: number): Promise<Comparison> {
    let found: string[] = [];
    const look = async (): Promise<Comparison | false> => {
      const comparison = await this.compare(tables);
      found = Object.values(comparison.sinks).flatMap(({ examples }) => examples.map(describeDifference));
      return found.length === 0 && comparison;
    };
    const patience = { timeoutMs, everyMs: 200 };
    return eventually('every store to equal the source', look, patience).catch((error: unknown) => {
      throw new Error(`the stores differ:\n${found.slice(0, 10).join('\n')}`, { cause: error });
    });
  }
}

/** Elasticsearch may outlive the run; everything else goes with its server. */
async function deleteIndexes({ stack, ownsElasticsearch }: FaultServers, name: string): Promise<void> {
  if (ownsElasticsearch) return;
  const client = new Client({ node: stack.elasticsearch.node });
  const found = Object.keys(await client.indices.get({ index: `${indexPrefix(name)}*` }));
  if (found.length > 0) await client.indices.delete({ index: found });
  await client.close();
}
