import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, startStack } from '@sluice/local-stack';
import type { MysqlServer, Stack } from '@sluice/local-stack';
import { createConnection } from 'mysql2/promise';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { PipelineError } from '@sluice/runtime';
import type { SourceFlavour } from './arguments.ts';
import { createShop, SHOP_DATABASE } from '@sluice/sample-shop';
import { installedSinks } from '@sluice/sink-kit/installed';
import { demoConfig } from './pipeline-config.ts';
import { createCaptureUser } from './shop-users.ts';
import { CAPTURE_MAIN, REPOSITORY, startServices } from './pipeline-services.ts';
import type { RunningPipeline, ServicePlan, ServicePorts } from './pipeline-services.ts';
import { demoSinks, type DemoSink } from './sink-demo.ts';
import type { RunHost } from './watch-pipeline.ts';

export interface DemoOptions {
  readonly seed: number;
  readonly source: SourceFlavour;
  /** Of the services: one line per end and start. */
  readonly onEvent: (line: string) => void;
}

/** The local servers with the sample shop in the source, and a configured pipeline that is not started yet. */
export interface DemoPipeline {
  readonly stack: Stack;
  readonly source: MysqlServer;
  /** The sinks that take part, with their sections of sluice.yaml. */
  readonly sinks: readonly (DemoSink & { readonly section: Readonly<Record<string, unknown>> })[];
  /** Rows that the shop starts with. */
  readonly rows: number;
  /** Holds sluice.yaml and the logs. */
  readonly folder: string;
  start(): RunningPipeline;
  /** Ends the servers and removes everything but the logs, which go to LOGS; the folder is kept when `keepFolder`. */
  stop(keepFolder: boolean): Promise<void>;
}

/** Logs of the services of the last run, until the next one ends. */
export const LOGS = '.local-stack/logs';

/** Throws what the local stack throws; then nothing is left running. */
export async function prepareDemo(options: DemoOptions, host: RunHost): Promise<DemoPipeline> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-'));
  let stack: Stack | null = null;
  const stop = async (keepFolder: boolean): Promise<void> => {
    await stack?.stop();
    if (keepFolder) return;
    await keepLogs(folder);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const installed = await demoSinks(installedSinks());
    stack = await startStack({
      servers: ['kafka', options.source, ...new Set(installed.flatMap(({ demo }) => demo.servers))],
      env: host.env,
      signal: host.signal,
      onProgress: (line) => host.say(line),
    });
    const source = options.source === 'mysql' ? stack.mysql : stack.mariadb;
    const rows = await withConnection(source, (admin) => createDemoShop(admin, options.seed));
    host.say(`sample database shop: ${rows} rows of seed ${options.seed}`);
    const configFile = join(folder, 'sluice.yaml');
    const sinks: DemoPipeline['sinks'] = await sectionsOf(installed, stack);
    const plans = await writeConfig({ stack, source, sinks }, configFile);
    const start = (): RunningPipeline =>
      startServices(plans, { configFile, logFolder: folder, onEvent: options.onEvent });
    return { stack, source, sinks, rows, folder, start, stop };
  } catch (error) {
    await stop(false);
    throw error;
  }
}

async function keepLogs(folder: string): Promise<void> {
  const kept = join(REPOSITORY, LOGS);
  await rm(kept, { recursive: true, force: true });
  await mkdir(kept, { recursive: true });
  const logs = (await readdir(folder)).filter((name) => name.endsWith('.log'));
  await Promise.all(logs.map((name) => copyFile(join(folder, name), join(kept, name))));
}

/** A server of the user's own may have a shop already: that one is not ours to drop. */
async function createDemoShop(admin: Connection, seed: number): Promise<number> {
  const [found] = await admin.query<RowDataPacket[]>('SHOW DATABASES LIKE ?', [SHOP_DATABASE]);
  if (found.length > 0) {
    throw new PipelineError(
      'CONFIG_INVALID',
      `the source has a database ${SHOP_DATABASE} already: drop or rename it`,
    );
  }
  return createShop(admin, { seed });
}

async function sectionsOf(sinks: readonly DemoSink[], stack: Stack): Promise<DemoPipeline['sinks']> {
  return Promise.all(sinks.map(async (sink) => ({ ...sink, section: await sink.demo.section(stack) })));
}

async function writeConfig(
  { stack, source, sinks }: Pick<DemoPipeline, 'stack' | 'source' | 'sinks'>,
  file: string,
): Promise<ServicePlan[]> {
  const [ports = NO_PORTS, ...ofSinks] = await choosePorts(1 + sinks.length);
  const config = demoConfig({
    source: await withConnection(source, (admin) => createCaptureUser(admin, source)),
    brokers: stack.kafka.brokers,
    ports,
    sinks: sinks.map(({ name, section }, index) => ({ name, section, ports: ofSinks[index] ?? NO_PORTS })),
  });
  // It holds passwords.
  await writeFile(file, config, { mode: 0o600 });
  const plans = sinks.map(({ name, main }, index): ServicePlan => ({
    name: `sink-${name}`,
    ports: ofSinks[index] ?? NO_PORTS,
    main,
    env: {},
  }));
  return [{ name: 'capture', ports, main: CAPTURE_MAIN, env: {} }, ...plans];
}

const NO_PORTS: ServicePorts = { host: '127.0.0.1', port: 0, metricsPort: 0 };

async function choosePorts(services: number): Promise<ServicePorts[]> {
  const free = await freePorts(services * 2);
  return Array.from({ length: services }, (_, index) => {
    const [port = 0, metricsPort = 0] = free.slice(index * 2);
    return { host: '127.0.0.1', port, metricsPort };
  });
}

export async function withConnection<T>(
  { host, port, user, password }: MysqlServer,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await createConnection({ host, port, user, password, charset: 'utf8mb4' });
  try {
    return await use(connection);
  } finally {
    await connection.end();
  }
}
