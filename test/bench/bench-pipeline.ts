import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TopicRouting } from '@sluice/envelope';
import { kafkaClient, TopicReader } from '@sluice/kafka';
import { freePorts } from '@sluice/local-stack';
import { createLogger } from '@sluice/runtime';
import type { Admin } from 'kafkajs';
import { kafkaConfig } from '../harness/pipelines/capture-pipeline.ts';
import type { Scope } from '../harness/scope.ts';
import { ServiceProcess } from '../harness/processes/service-process.ts';
import type { SourceDatabase } from '../harness/pipelines/source-database.ts';

type Section = Readonly<Record<string, unknown>>;
export type SinkName = 'redis' | 'elasticsearch' | 'mysql';

export interface BenchPipelineOptions {
  readonly name: string;
  readonly database: SourceDatabase;
  readonly brokers: readonly string[];
  readonly partitions: number;
  readonly snapshot: 'initial' | 'never';
  /** Laid over the sections of the same name. */
  readonly sections: Readonly<Record<string, Section>>;
  readonly sinks: Readonly<Record<SinkName, Section>>;
  readonly profiles: string | null;
  /** Variables of every service beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** How often each service's metrics are asked for while it runs, as Prometheus does; never without. */
  readonly scrapeMs?: number;
}

/** A service that runs. */
export interface RunningService {
  readonly process: ServiceProcess;
  readonly pid: number;
  /** Its `/status`. */
  status(): Promise<unknown>;
  /** Its `/metrics`. */
  metrics(): Promise<string>;
}

/**
 * A pipeline that captures the table `orders`, with a topic that stamps records by the broker's clock: "arrived" then
 * means the same for every publisher. Nothing of it is left at the end of the scope.
 */
export class BenchPipeline {
  readonly topic: string;
  readonly reader: TopicReader;
  readonly brokers: readonly string[];
  readonly partitions: number;
  readonly name: string;
  readonly admin: Admin;
  readonly #options: BenchPipelineOptions;
  readonly #scope: Scope;
  readonly #folder: string;

  static async create(scope: Scope, options: BenchPipelineOptions): Promise<BenchPipeline> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
    scope.defer(() => rm(folder, { recursive: true, force: true }));
    const admin = kafkaClient(
      kafkaConfig(options.brokers),
      createLogger('bench', { level: 'silent' }),
    ).admin();
    await admin.connect();
    scope.defer(() => admin.disconnect());
    const pipeline = new BenchPipeline(scope, options, folder, admin);
    scope.defer(() => pipeline.#forget());
    await pipeline.createTopic(pipeline.topic);
    return pipeline;
  }

  private constructor(scope: Scope, options: BenchPipelineOptions, folder: string, admin: Admin) {
    this.#scope = scope;
    this.#options = options;
    this.#folder = folder;
    this.name = options.name;
    this.brokers = options.brokers;
    this.partitions = options.partitions;
    this.admin = admin;
    this.topic = new TopicRouting({ prefix: options.name }).topicOf(options.database.name, 'orders');
    this.reader = new TopicReader({
      kafka: kafkaConfig(options.brokers),
      signal: AbortSignal.timeout(900_000),
    });
    scope.defer(() => this.reader.close());
  }

  /** Capture finds the topic there; it compares no setting but its own. */
  async createTopic(topic: string): Promise<void> {
    const configEntries = Object.entries({
      'cleanup.policy': 'delete',
      'retention.ms': '604800000',
      'max.message.bytes': '1048588',
      'message.timestamp.type': 'LogAppendTime',
    }).map(([name, value]) => ({ name, value }));
    await this.admin.createTopics({
      waitForLeaders: true,
      topics: [{ topic, numPartitions: this.partitions, replicationFactor: 1, configEntries }],
    });
  }

  /** Starts a service and waits until it is ready. */
  async start(service: 'capture' | `sink-${SinkName}`): Promise<RunningService> {
    const [port = 0, metricsPort = 0] = await freePorts(2);
    const configFile = join(this.#folder, `${service}.json`);
    await writeFile(configFile, this.#config({ port, metricsPort }));
    const { profiles, env = {} } = this.#options;
    const nodeArgs =
      profiles === null ? [] : ['--cpu-prof', '--cpu-prof-interval=250', `--cpu-prof-dir=${profiles}`];
    const process = ServiceProcess.start(this.#scope, { service, configFile, opsPort: port, nodeArgs, env });
    await process.ready();
    const page = `http://127.0.0.1:${metricsPort}/metrics`;
    this.#scrape(process, page);
    const metrics = async (): Promise<string> => (await fetch(page)).text();
    const status = async (): Promise<unknown> => (await fetch(`http://127.0.0.1:${port}/status`)).json();
    return { process, pid: process.pid, status, metrics };
  }

  /** Until the process ends: then nobody answers. */
  #scrape(process: ServiceProcess, url: string): void {
    const { scrapeMs } = this.#options;
    if (scrapeMs === undefined) return;
    const timer = setInterval(() => {
      if (!process.isRunning) clearInterval(timer);
      else
        void fetch(url)
          .then((answer) => answer.text())
          .catch(() => undefined);
    }, scrapeMs);
    this.#scope.defer(() => clearInterval(timer));
  }

  /** Number of records and markers in the topic. */
  async endOffsets(): Promise<number> {
    const offsets = await this.admin.fetchTopicOffsets(this.topic);
    return offsets.reduce((sum, { offset }) => sum + Number(offset), 0);
  }

  /** JSON is YAML. One service runs at a time: all have the same ports. */
  #config(ops: { readonly port: number; readonly metricsPort: number }): string {
    const { name, database, brokers, partitions, snapshot, sections, sinks } = this.#options;
    const { host, port, user, password } = database.server;
    const base: Record<string, Section> = {
      source: { host, port, user, password, tables: [`${database.name}.orders`] },
      kafka: { brokers },
      topics: { partitions },
      capture: { ops },
      snapshot: { mode: snapshot },
    };
    const names = new Set([...Object.keys(base), ...Object.keys(sections)]);
    const merged = Object.fromEntries(
      [...names].map((section) => [section, { ...base[section], ...sections[section] }]),
    );
    const sinkSections: Record<string, Section> = Object.fromEntries(
      Object.entries(sinks).map(([sink, section]) => [sink, { ops, ...section }]),
    );
    return JSON.stringify({ pipeline: name, ...merged, sinks: sinkSections });
  }

  async #forget(): Promise<void> {
    const topics = (await this.admin.listTopics()).filter((topic) => topic.startsWith(`${this.name}.`));
    if (topics.length > 0) await this.admin.deleteTopics({ topics });
    const { groups } = await this.admin.listGroups();
    const ours = groups.map((group) => group.groupId).filter((id) => id.startsWith(`${this.name}.`));
    // A group whose member was killed a moment ago is not empty yet; the broker forgets it by itself.
    if (ours.length > 0) await this.admin.deleteGroups(ours).catch(() => undefined);
  }
}
