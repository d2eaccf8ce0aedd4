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
import { demoConfig, TARGET_DATABASE } from './pipeline-config.ts';
import { createCaptureUser, createSinkUser } from './shop-users.ts';
import { REPOSITORY, SERVICE_NAMES, startServices } from './pipeline-services.ts';
import type { RunningPipeline, ServiceName, ServicePlan, ServicePorts } from './pipeline-services.ts';
import type { RunHost } from './watch-pipeline.ts';

/** Database in which the MySQL sink keeps its offsets: the default of `sinks.mysql.stateDatabase`. */
const STATE_DATABASE = 'sluice';

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
    stack = await startStack({
      servers: ['kafka', options.source, 'target-mysql', 'redis', 'elasticsearch'],
      env: host.env,
      signal: host.signal,
      onProgress: (line) => host.say(line),
    });
    const source = options.source === 'mysql' ? stack.mysql : stack.mariadb;
    const rows = await withConnection(source, (admin) => createDemoShop(admin, options.seed));
    host.say(`sample database shop: ${rows} rows of seed ${options.seed}`);
    const configFile = join(folder, 'sluice.yaml');
    const plans = await writeConfig(stack, source, configFile);
    const start = (): RunningPipeline =>
      startServices(plans, { configFile, logFolder: folder, onEvent: options.onEvent });
    return { stack, source, rows, folder, start, stop };
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

async function writeConfig(stack: Stack, source: MysqlServer, file: string): Promise<ServicePlan[]> {
  const ports = await choosePorts();
  const target = stack.targetMysql;
  const config = demoConfig({
    source: await withConnection(source, (admin) => createCaptureUser(admin, source)),
    target: await withConnection(target, (admin) =>
      createSinkUser(admin, target, [TARGET_DATABASE, STATE_DATABASE]),
    ),
    brokers: stack.kafka.brokers,
    redisUrl: stack.redis.url,
    elasticsearchNode: stack.elasticsearch.node,
    ports,
  });
  // It holds passwords.
  await writeFile(file, config, { mode: 0o600 });
  return SERVICE_NAMES.map((name) => ({ name, ports: ports[name], env: {} }));
}

async function choosePorts(): Promise<Record<ServiceName, ServicePorts>> {
  const free = await freePorts(SERVICE_NAMES.length * 2);
  const entries = SERVICE_NAMES.map((name, index) => {
    const [port = 0, metricsPort = 0] = free.slice(index * 2);
    return [name, { host: '127.0.0.1', port, metricsPort }] as const;
  });
  return Object.fromEntries(entries) as Record<ServiceName, ServicePorts>;
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
