import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TopicRouting } from '@sluice/envelope';
import { kafkaClient, TopicReader } from '@sluice/kafka';
import { freePorts } from '@sluice/local-stack';
import { createLogger } from '@sluice/runtime';
import { eventually } from '../eventually.ts';
import type { Scope } from '../scope.ts';
import { ServiceProcess } from '../processes/service-process.ts';
import type { SourceDatabase } from './source-database.ts';
import { hasArrived } from '../records/table-records.ts';

/** The part of capture's `/status` that tests look at. */
export interface CaptureStatus {
  readonly stream: { readonly file: string; readonly position: number; readonly transactions: number };
  readonly snapshot: Readonly<Record<string, { readonly state: string; readonly rows: number }>>;
}

type Section = Readonly<Record<string, unknown>>;

export interface PipelineOptions {
  readonly database: SourceDatabase;
  readonly brokers: readonly string[];
  /** Laid over the sections of the same name; a section that is new is added. */
  readonly sections?: Readonly<Record<string, Section>>;
}

/**
 * A pipeline named after its database: its sluice.yaml in a temporary folder, its topics, its reader. Nothing of it is
 * left at the end of the scope. The database must have been made in the same scope.
 */
export class CapturePipeline {
  readonly name: string;
  readonly database: SourceDatabase;
  readonly reader: TopicReader;
  readonly configFile: string;
  readonly #scope: Scope;
  readonly #opsPort: number;

  static async create(scope: Scope, options: PipelineOptions): Promise<CapturePipeline> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
    scope.defer(() => rm(folder, { recursive: true, force: true }));
    const [port = 0, metricsPort = 0] = await freePorts(2);
    const configFile = join(folder, 'sluice.yaml');
    await writeFile(configFile, configText(options, { port, metricsPort }));
    const kafka = kafkaConfig(options.brokers);
    const reader = new TopicReader({ kafka, signal: AbortSignal.timeout(600_000), recoveryMs: 20_000 });
    scope.defer(() => reader.close());
    scope.defer(() => deleteTopics(options.brokers, options.database.name));
    return new CapturePipeline(scope, options.database, reader, configFile, port);
  }

  private constructor(
    scope: Scope,
    database: SourceDatabase,
    reader: TopicReader,
    configFile: string,
    opsPort: number,
  ) {
    this.#scope = scope;
    this.database = database;
    this.name = database.name;
    this.reader = reader;
    this.configFile = configFile;
    this.#opsPort = opsPort;
  }

  /** Where its capture takes orders. */
  get opsPort(): number {
    return this.#opsPort;
  }

  /** The topic of one of the database's tables. */
  topic(table: string): string {
    return new TopicRouting({ prefix: this.name }).topicOf(this.database.name, table);
  }

  /** Starts capture; it is not ready yet. */
  launch(...args: readonly string[]): ServiceProcess {
    return ServiceProcess.start(this.#scope, {
      service: 'capture',
      configFile: this.configFile,
      opsPort: this.#opsPort,
      args,
    });
  }

  /** Starts the capture of another commit. @param repository a folder with its sources, installed */
  launchOf(repository: string): ServiceProcess {
    const { configFile } = this;
    const options = { service: 'capture', configFile, opsPort: this.#opsPort, repository };
    return ServiceProcess.start(this.#scope, options);
  }

  /** Starts capture and waits until it streams. */
  async start(): Promise<ServiceProcess> {
    const capture = this.launch();
    await capture.ready();
    return capture;
  }

  /** Waits until the snapshot of these tables is done. */
  async snapshotDone(capture: ServiceProcess, tables: readonly string[], timeoutMs = 90_000): Promise<void> {
    let seen: unknown = null;
    const isDone = async (): Promise<boolean | 'ended'> => {
      if (!capture.isRunning) return 'ended';
      const status = (await capture.status()) as CaptureStatus;
      seen = status;
      return tables.every((table) => status.snapshot[`${this.database.name}.${table}`]?.state === 'done');
    };
    const answer = await eventually(`the snapshot of ${tables.join(', ')}`, isDone, {
      timeoutMs,
    }).catch((error: unknown) => {
      throw new Error(`${JSON.stringify(seen)}\n${capture.lastLines()}`, { cause: error });
    });
    if (answer === 'ended') throw new Error(`it ended during the snapshot:\n${capture.lastLines()}`);
  }

  /** Waits until the newest row of the table's topic has this record key; throws at once when capture ends before. */
  async arrived(capture: ServiceProcess, table: string, key: string, timeoutMs = 60_000): Promise<void> {
    const look = async (): Promise<boolean | 'ended'> => {
      if (!capture.isRunning) return 'ended';
      return hasArrived(this.reader, this.topic(table), key);
    };
    const answer = await eventually(`${key} in ${table}`, look, { timeoutMs, everyMs: 200 });
    if (answer === 'ended') throw new Error(`capture ended before ${key} came:\n${capture.lastLines()}`);
  }

  /** Names of the topics that this pipeline has made. */
  async topicNames(): Promise<string[]> {
    return (await this.reader.topicNames()).filter((name) => name.startsWith(`${this.name}.`));
  }
}

export function kafkaConfig(brokers: readonly string[]): { brokers: string[]; clientId: string } {
  return { brokers: [...brokers], clientId: 'sluice-test' };
}

/** JSON is YAML. */
function configText(
  { database, brokers, sections = {} }: PipelineOptions,
  ops: { readonly port: number; readonly metricsPort: number },
): string {
  const { host, port, user, password } = database.server;
  const base: Record<string, Section> = {
    source: { host, port, user, password, tables: [`${database.name}.*`] },
    kafka: { brokers },
    capture: { ops },
  };
  const names = new Set([...Object.keys(base), ...Object.keys(sections)]);
  const merged = [...names].map((name) => [name, { ...base[name], ...sections[name] }]);
  return JSON.stringify({ pipeline: database.name, ...Object.fromEntries(merged) }, null, 2);
}

async function deleteTopics(brokers: readonly string[], prefix: string): Promise<void> {
  const kafka = kafkaClient(kafkaConfig(brokers), createLogger('test', { level: 'silent' }));
  const admin = kafka.admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter((name) => name.startsWith(`${prefix}.`));
    if (topics.length > 0) await admin.deleteTopics({ topics });
  } finally {
    await admin.disconnect();
  }
}
