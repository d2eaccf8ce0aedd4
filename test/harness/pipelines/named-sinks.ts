import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareSinks, describeDifference } from '@sluice/compare';
import { freePorts, type Stack } from '@sluice/local-stack';
import { connect, quoteIdentifier, type Connection } from '@sluice/mysql';
import { eventually } from '../eventually.ts';
import type { Scope } from '../scope.ts';
import { ServiceProcess } from '../processes/service-process.ts';
import type { SourceDatabase } from './source-database.ts';

type Section = Readonly<Record<string, unknown>>;

export interface NamedSinksOptions {
  readonly stack: Pick<Stack, 'kafka'>;
  readonly database: SourceDatabase;
  readonly topics?: Section;
  /** By name; without `ops`. */
  readonly sinks: Readonly<Record<string, Section & { readonly type: string }>>;
  /** What its processes do when a person is needed: by default they end. */
  readonly onFatal?: 'stay' | 'exit';
}

/** A pipeline whose sinks have names: one sluice.yaml, as users have it, and a process of each that is started. */
export class NamedSinks {
  readonly configFile: string;
  readonly #scope: Scope;
  readonly #options: NamedSinksOptions;
  readonly #ports: ReadonlyMap<string, { readonly port: number; readonly metricsPort: number }>;
  #sinks: NamedSinksOptions['sinks'];

  static async create(scope: Scope, options: NamedSinksOptions): Promise<NamedSinks> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
    scope.defer(() => rm(folder, { recursive: true, force: true }));
    const names = ['capture', ...Object.keys(options.sinks)];
    const free = await freePorts(names.length * 2);
    const ports = new Map(
      names.map((name, at) => [name, { port: free[2 * at] ?? 0, metricsPort: free[2 * at + 1] ?? 0 }]),
    );
    const pipeline = new NamedSinks(scope, options, join(folder, 'sluice.yaml'), ports);
    await pipeline.configure({});
    return pipeline;
  }

  private constructor(
    scope: Scope,
    options: NamedSinksOptions,
    configFile: string,
    ports: ReadonlyMap<string, { readonly port: number; readonly metricsPort: number }>,
  ) {
    this.#scope = scope;
    this.#options = options;
    this.configFile = configFile;
    this.#ports = ports;
    this.#sinks = options.sinks;
  }

  /** Lays settings over the sections of these sinks, for processes that are started from now on. */
  async configure(settings: Readonly<Record<string, Section>>): Promise<void> {
    const { stack, database, topics = {} } = this.#options;
    const { host, port, user, password } = database.server;
    const sections = Object.entries(this.#sinks).map(([name, section]) => {
      const changed = { ...section, ...settings[name] };
      return [name, changed] as const;
    });
    this.#sinks = Object.fromEntries(sections);
    const withPorts = sections.map(([name, section]): [string, Section] => [
      name,
      { sessionTimeoutMs: 6000, ...section, ops: this.#ports.get(name) },
    ]);
    const config = {
      pipeline: database.name,
      source: { host, port, user, password, tables: [`${database.name}.*`] },
      kafka: { brokers: stack.kafka.brokers },
      topics: { partitions: 2, ...topics },
      capture: { ops: this.#ports.get('capture') },
      sinks: Object.fromEntries(withPorts),
    };
    await writeFile(this.configFile, JSON.stringify(config));
  }

  /** Starts a process of each, `capture` or a sink, as `sluice capture` and `sluice sink NAME` do; resolves when all are ready. */
  async start(...names: readonly string[]): Promise<readonly ServiceProcess[]> {
    const started = names.map((name) => {
      const isCapture = name === 'capture';
      return ServiceProcess.start(this.#scope, {
        service: isCapture ? 'capture' : `sink-${this.#sinks[name]?.type}`,
        configFile: this.configFile,
        opsPort: this.#ports.get(name)?.port ?? 0,
        args: isCapture ? [] : ['--sink', name],
        onFatal: this.#options.onFatal ?? 'exit',
      });
    });
    await Promise.all(started.map((process) => process.ready()));
    return started;
  }

  /** Resolves when the sink has exactly the rows of these tables of the source, which must be quiet. */
  async equal(sink: string, ...tables: readonly string[]): Promise<void> {
    const { database } = this.#options;
    let found: readonly string[] = [];
    const isEqual = async (): Promise<boolean> => {
      const { sinks } = await compareSinks({
        source: database.server,
        tables: tables.map((table) => ({ database: database.name, table })),
        sinks: { [sink]: this.#sinks[sink] ?? {} },
      });
      found = sinks[sink]?.examples.map(describeDifference) ?? [];
      return found.length === 0;
    };
    await eventually(`sink ${sink} to equal the source`, isEqual).catch((error: unknown) => {
      throw new Error(`${sink} differs:\n${found.join('\n')}`, { cause: error });
    });
  }
}

/** A connection to the target server; at the end of the scope these databases are gone. */
export async function targetServer(
  scope: Scope,
  { targetMysql }: Pick<Stack, 'targetMysql'>,
  databases: readonly string[],
): Promise<Connection> {
  const target = await connect({ ...targetMysql, connectTimeoutMs: 10_000 });
  scope.defer(async () => {
    for (const name of databases) await target.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)}`);
    target.destroy();
  });
  return target;
}
