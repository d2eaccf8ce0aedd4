import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareSinks, describeDifference, type Comparison } from '@sluice/compare';
import { deadLetterTopic, TopicRouting } from '@sluice/envelope';
import { kafkaClient, TopicReader, type TopicRecord } from '@sluice/kafka';
import { freePorts, type Stack } from '@sluice/local-stack';
import { createLogger } from '@sluice/runtime';
import type { Admin } from 'kafkajs';
import { eventually } from '../eventually.ts';
import type { Scope } from '../scope.ts';
import { ServiceProcess } from '../processes/service-process.ts';
import { SinkStores, type StoreServers } from './sink-stores.ts';
import { SourceDatabase } from './source-database.ts';

type Section = Readonly<Record<string, unknown>>;
export const SINK_NAMES = ['redis', 'elasticsearch', 'mysql'] as const;
export type SinkName = (typeof SINK_NAMES)[number];
export type ServiceName = 'capture' | `sink-${SinkName}`;
export const SINK_SERVICES: readonly ServiceName[] = SINK_NAMES.map((sink) => `sink-${sink}` as const);

/** A running process of a service, and the addresses of its pages. */
export interface PipelineProcess {
  readonly name: ServiceName;
  readonly process: ServiceProcess;
  readonly opsUrl: string;
  readonly metricsUrl: string;
  /** Its sluice.yaml, with its own ports in every section. */
  readonly configFile: string;
}

export interface SinkPipelineOptions {
  readonly stack: StoreServers & Pick<Stack, 'kafka'>;
  /** Made in the same scope. The pipeline is named after it. */
  readonly database: SourceDatabase;
  /** Sinks of another name and with stores of their own, which read the topics of the pipeline named after the database. */
  readonly beside?: string;
  /** Of every process; see `ServiceOptions`. */
  readonly onFatal?: 'stay' | 'exit';
  /** Of every process: variables laid over those of this one. */
  readonly env?: Readonly<Record<string, string>>;
  /** Laid over the sections of the same name. */
  readonly sections?: Readonly<Record<string, Section>>;
  /** Those that run, and are compared. By default all. */
  readonly sinks?: readonly SinkName[];
}

const PARTITIONS = 3;
const CONVERGED_WITHIN_MS = 60_000;
const STATUS_CHARACTERS = 3000;

/** A source database, its topics and three stores, and the processes between them. Nothing of it is left at the end of the scope. */
export class SinkPipeline {
  readonly name: string;
  readonly database: SourceDatabase;
  readonly stores: SinkStores;
  readonly reader: TopicReader;
  readonly admin: Admin;
  readonly #scope: Scope;
  readonly #options: SinkPipelineOptions;
  #sections: Readonly<Record<string, Section>>;
  readonly #folder: string;
  readonly #launched: PipelineProcess[] = [];

  static async create(scope: Scope, options: SinkPipelineOptions): Promise<SinkPipeline> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
    scope.defer(() => rm(folder, { recursive: true, force: true }));
    const { stack, database, beside = '' } = options;
    const stores = await SinkStores.open(scope, stack, database.name, `${database.name}${beside}`);
    const kafka = kafkaClient(kafkaConfig(stack), createLogger('test', { level: 'silent' }));
    const admin = kafka.admin();
    await admin.connect();
    scope.defer(() => admin.disconnect());
    const pipeline = new SinkPipeline(scope, options, stores, admin, folder);
    scope.defer(() => pipeline.#deleteTopics());
    return pipeline;
  }

  /** A pipeline from a new database on the MySQL source, in which these statements have run. */
  static async withTables(
    scope: Scope,
    stack: Stack,
    stem: string,
    statements: readonly string[],
  ): Promise<SinkPipeline> {
    const database = await SourceDatabase.create(scope, stack.mysql, stem);
    await database.run(...statements);
    return SinkPipeline.create(scope, { stack, database });
  }

  private constructor(
    scope: Scope,
    options: SinkPipelineOptions,
    stores: SinkStores,
    admin: Admin,
    folder: string,
  ) {
    this.#scope = scope;
    this.#options = options;
    this.#sections = options.sections ?? {};
    this.#folder = folder;
    this.database = options.database;
    this.name = `${options.database.name}${options.beside ?? ''}`;
    this.stores = stores;
    this.admin = admin;
    this.reader = new TopicReader({
      kafka: kafkaConfig(options.stack),
      signal: AbortSignal.timeout(600_000),
      recoveryMs: 20_000,
    });
    scope.defer(() => this.reader.close());
  }

  /** The topic of one of the database's tables. */
  topic(table: string): string {
    const { name } = this.database;
    return new TopicRouting({ prefix: name, ...this.#sections['topics'] }).topicOf(name, table);
  }

  /** Topics of the database's tables, those that are there. */
  async dataTopics(): Promise<string[]> {
    const prefix = this.topic('');
    return (await this.reader.topicNames()).filter((name) => name.startsWith(prefix)).sort();
  }

  /**
   * Starts a process of the service, with ports and a sluice.yaml of its own; it is not ready yet.
   * @param settings laid over the sections of all sinks
   * @param args further arguments of the process
   * @param repository a folder with the sources of another commit, installed: the process runs from there
   */
  async launch(
    name: ServiceName,
    settings: Section = {},
    args: readonly string[] = [],
    repository?: string,
  ): Promise<PipelineProcess> {
    const { configFile, port, metricsPort } = await this.writeConfig(name, settings);
    const { onFatal = 'exit', env = {} } = this.#options;
    const from = repository === undefined ? {} : { repository };
    const how = { service: name, configFile, opsPort: port, args, onFatal, env, ...from };
    const process = ServiceProcess.start(this.#scope, how);
    const url = (of: number): string => `http://127.0.0.1:${of}`;
    const launched = {
      name,
      process,
      opsUrl: url(port),
      metricsUrl: `${url(metricsPort)}/metrics`,
      configFile,
    };
    this.#launched.push(launched);
    return launched;
  }

  /** Lays other sections over the base, for the processes that are started from now on. */
  configure(sections: Readonly<Record<string, Section>>): void {
    this.#sections = sections;
  }

  /** A sluice.yaml as `launch` gives it to a process. */
  async writeConfig(
    name: string,
    settings: Section = {},
  ): Promise<{ readonly configFile: string; readonly port: number; readonly metricsPort: number }> {
    const [port = 0, metricsPort = 0] = await freePorts(2);
    const configFile = join(this.#folder, `${name}-${port}.yaml`);
    await writeFile(configFile, this.#config({ port, metricsPort }, settings));
    return { configFile, port, metricsPort };
  }

  /** Starts one process of each service; resolves when all are ready, in the order of the names. */
  async start(...names: readonly ServiceName[]): Promise<PipelineProcess[]> {
    const launched = await Promise.all(names.map((name) => this.launch(name)));
    await Promise.all(launched.map(({ process }) => process.ready()));
    return launched;
  }

  /**
   * Looks up every row of the tables in all stores; without names, of all tables.
   * @param source by default the server of the database
   */
  async compare(tables?: readonly string[], source = this.database.server): Promise<Comparison> {
    const names = tables ?? (await this.#tables());
    const { sinks = SINK_NAMES } = this.#options;
    const { compared } = this.stores;
    return compareSinks({
      source,
      tables: names.map((table) => ({ database: this.database.name, table })),
      sinks: Object.fromEntries(sinks.map((sink) => [sink, compared[sink]])),
    });
  }

  /** Waits until all stores equal the source, which must be quiet. Returns the last compare. */
  async converged(tables?: readonly string[], timeoutMs = CONVERGED_WITHIN_MS): Promise<Comparison> {
    let last: Comparison | null = null;
    const isEqual = async (): Promise<boolean> => {
      last = await this.compare(tables);
      return last.rows > 0 && differences(last).length === 0;
    };
    const patience = { timeoutMs, everyMs: 250 };
    await eventually('every store to equal the source', isEqual, patience).catch(async (error: unknown) => {
      const found = [...(last === null ? [] : differences(last)), ...(await this.#statuses())];
      throw new Error(`the stores differ:\n${found.join('\n')}`, { cause: error });
    });
    return last as unknown as Comparison;
  }

  /** The dead letters of a sink. */
  async deadLetters(sink: SinkName): Promise<TopicRecord[]> {
    const letters: TopicRecord[] = [];
    await this.reader.readTopic(deadLetterTopic(this.database.name, sink), {}, (record) =>
      letters.push(record),
    );
    return letters;
  }

  /** What each process that runs says of itself, for whoever looks for the reason of a failure. */
  async #statuses(): Promise<string[]> {
    const running = this.#launched.filter(({ process }) => process.isRunning);
    const told = running.map(async ({ name, process }) => {
      const status = await process.status().catch((error: unknown) => String(error));
      return `${name}: ${JSON.stringify(status).slice(0, STATUS_CHARACTERS)}`;
    });
    return Promise.all(told);
  }

  async #tables(): Promise<string[]> {
    const rows = await this.database.rows(
      `SELECT TABLE_NAME AS name FROM information_schema.tables WHERE TABLE_SCHEMA = '${this.database.name}'`,
    );
    return rows.map((row) => String(row['name'])).sort();
  }

  /** JSON is YAML. Every process has a file of its own, so its ports may stand in every section. */
  #config(ops: { readonly port: number; readonly metricsPort: number }, settings: Section): string {
    const { stack, database } = this.#options;
    const sections = this.#sections;
    const { host, port, user, password } = database.server;
    const base: Record<string, Section> = {
      source: { host, port, user, password, tables: [`${database.name}.*`] },
      kafka: { brokers: stack.kafka.brokers },
      topics: { prefix: database.name, partitions: PARTITIONS },
      capture: { ops },
    };
    const names = new Set([...Object.keys(base), ...Object.keys(sections)]);
    const all: Record<string, unknown> = { pipeline: this.name };
    for (const name of names) all[name] = { ...base[name], ...sections[name] };
    const sinks = SINK_NAMES.map((sink) => [sink, { ops, ...this.stores.sections[sink], ...settings }]);
    all['sinks'] = Object.fromEntries(sinks);
    return JSON.stringify(all, null, 2);
  }

  async #deleteTopics(): Promise<void> {
    const topics = (await this.admin.listTopics()).filter((topic) => topic.startsWith(`${this.name}.`));
    if (topics.length > 0) await this.admin.deleteTopics({ topics });
  }
}

/** What a compare has found, one line each; at most 20 a sink. */
export function differences({ sinks }: Comparison): string[] {
  return Object.values(sinks).flatMap((sink) => sink.examples.map(describeDifference));
}

function kafkaConfig(stack: Pick<Stack, 'kafka'>): { brokers: string[]; clientId: string } {
  return { brokers: [...stack.kafka.brokers], clientId: 'sluice-test' };
}
