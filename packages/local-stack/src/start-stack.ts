import { PipelineError } from '@sluice/runtime';
import {
  type Address,
  ADDRESS_VARIABLES,
  addressFromEnvironment,
  mariadbVersionOf,
  targetServerOf,
  type TargetServer,
} from './environment.ts';
import type { InstallerContext } from './install/program-cache.ts';
import { ManagedServer } from './managed-server.ts';
import { withStartedServer } from './on-demand-address.ts';
import { freePorts } from './ports.ts';
import { newRunFolder } from './run-folder.ts';
import { ELASTICSEARCH } from './servers/elasticsearch-server.ts';
import { KAFKA } from './servers/kafka-server.ts';
import { type MariadbVersion, mariadbServer } from './servers/mariadb-server.ts';
import { mysqlServer } from './servers/mysql-server.ts';
import { ALERTMANAGER, PROMETHEUS } from './servers/prometheus-servers.ts';
import { REDIS } from './servers/redis-server.ts';
import type { Installation, ServerDefinition, ServerName } from './servers/server.ts';
import { stackHome } from './stack-home.ts';
import { Stack } from './stack.ts';
import { SupervisorClient } from './supervisor-client.ts';

export interface StackOptions {
  readonly servers: readonly ServerName[];
  /**
   * Extra settings by server, in its own notation: mysqld and mariadbd options (`--binlog-format=STATEMENT`),
   * lines of Kafka's server.properties, redis-server, prometheus and alertmanager options, `name=value` settings of Elasticsearch; there `@FILE` copies a
   * file into its configuration folder (`roles.yml`, certificates).
   */
  readonly flags?: Partial<Readonly<Record<ServerName, readonly string[]>>>;
  /** Default: what the environment names, else 10.11. */
  readonly mariadbVersion?: MariadbVersion;
  /** Default: process.env. */
  readonly env?: NodeJS.ProcessEnv;
  /** One line per download, start and readiness; default: nothing. */
  readonly onProgress?: (line: string) => void;
  /** Aborts downloads and starting; a stack that has started is ended by `stop`. */
  readonly signal?: AbortSignal;
}

/**
 * Starts the servers (or attaches to those whose address the environment gives) and resolves when each has
 * answered in its own protocol. Everything is ended and removed by `stop`, or when this process ends.
 * Throws STACK_TOOL_MISSING, STACK_DOWNLOAD_FAILED, STACK_SERVER_FAILED, CONFIG_INVALID; then nothing runs.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const env = options.env ?? process.env;
  const names = [...new Set(options.servers)];
  const found = await Promise.all(
    names.map(
      async (name) => [name, addressFromEnvironment(name, await withStartedServer(name, env))] as const,
    ),
  );
  const attached = new Map(found.flatMap(([name, address]) => (address === null ? [] : [[name, address]])));
  const target = targetServerOf(env);
  const definitions = definitionsOf(options.mariadbVersion ?? mariadbVersionOf(env), target);
  await Promise.all([...attached].map(([name, address]) => assertAnswers(name, definitions[name], address)));
  const own = names.filter((name) => !attached.has(name));
  const flavour = target === 'mysql' ? 'mysql' : 'mariadb';
  if (own.length === 0) return new Stack(new Map(), attached, null, flavour);
  const started = await startOwn(own, definitions, options, env);
  return new Stack(started.servers, attached, started.supervisor, flavour);
}

async function startOwn(
  names: readonly ServerName[],
  definitions: Readonly<Record<ServerName, ServerDefinition>>,
  options: StackOptions,
  env: NodeJS.ProcessEnv,
): Promise<{ servers: ReadonlyMap<ServerName, ManagedServer>; supervisor: SupervisorClient }> {
  if (process.platform !== 'linux') {
    throw new PipelineError('STACK_TOOL_MISSING', 'servers are started here on Linux only');
  }
  const home = stackHome(env);
  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, ...(options.signal ? [options.signal] : [])]);
  const progress = options.onProgress ?? (() => undefined);
  const context: InstallerContext = { cache: home.cache, env, signal, progress };
  const runFolder = await newRunFolder(home.runs);
  const supervisor = new SupervisorClient();
  try {
    await supervisor.open(runFolder);
    const ports = await freePorts(names.length * 2);
    const started = names.map(async (name, index) => {
      const definition = definitions[name];
      const installation = await installWithHint(name, definition, context);
      const [port = 0, innerPort = 0] = ports.slice(index * 2);
      const flags = options.flags?.[name] ?? [];
      const run = { ...installation, port, innerPort, flags, env, runFolder };
      const server = await ManagedServer.prepare(name, definition, supervisor, run);
      const startedAt = Date.now();
      progress(`${name}: starting`);
      await server.start(signal);
      progress(`${name}: ready on port ${port} after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
      return [name, server] as const;
    });
    return { servers: new Map(await Promise.all(started)), supervisor };
  } catch (error) {
    failed.abort(error);
    await supervisor.stop();
    throw error;
  }
}

function definitionsOf(mariadb: MariadbVersion, target: TargetServer): Record<ServerName, ServerDefinition> {
  return {
    kafka: KAFKA,
    mysql: mysqlServer('source'),
    mariadb: mariadbServer(mariadb),
    'target-mysql':
      target === 'mysql'
        ? mysqlServer('target')
        : mariadbServer(target === 'mariadb-10.11' ? '10.11' : '11.8', 'target'),
    redis: REDIS,
    elasticsearch: ELASTICSEARCH,
    prometheus: PROMETHEUS,
    alertmanager: ALERTMANAGER,
  };
}

async function installWithHint(
  name: ServerName,
  definition: ServerDefinition,
  context: InstallerContext,
): Promise<Installation> {
  try {
    return await definition.install(context);
  } catch (error) {
    if (!(error instanceof PipelineError) || error.code !== 'STACK_TOOL_MISSING') throw error;
    const hint = `or give the address of a running ${definition.title} in ${ADDRESS_VARIABLES[name]}`;
    throw new PipelineError(error.code, `${error.message}; ${hint}`, { cause: error });
  }
}

async function assertAnswers(
  name: ServerName,
  definition: ServerDefinition,
  address: Address,
): Promise<void> {
  if (await definition.answers(address.host, address.port)) return;
  throw new PipelineError(
    'STACK_SERVER_FAILED',
    `${ADDRESS_VARIABLES[name]}: no ${definition.title} answers on ${address.host}:${address.port}`,
  );
}
