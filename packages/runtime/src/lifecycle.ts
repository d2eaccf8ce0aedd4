import { isForeign } from './config/foreign-secrets.ts';
import { loadedConfig, printedConfig, type LoadedConfig } from './config/loaded-config.ts';
import { configPath, loadConfig, type Environment } from './config/load.ts';
import type { SluiceConfig } from './config/schema.ts';
import { PipelineError } from './errors.ts';
import { EXIT, exitCodeOf, type ExitCode } from './exit.ts';
import { createLogger, type Logger } from './log.ts';
import { createMetrics, declareGauge, type Metrics } from './metrics.ts';
import { olderNodeReady } from './older-node.ts';
import { OperatorNeed } from './operator-need.ts';
import { SERVICE_METRICS } from './service-metrics.ts';
import type { Tracing } from './tracing/spans.ts';
import { openTracing } from './tracing/tracing.ts';
import { VERSION } from './version.ts';

/** Milliseconds between the order to stop and the use of force; below Kubernetes' default of 30 s. */
const GRACE_MS = 25_000;

export interface ServiceContext {
  readonly name: string;
  readonly config: SluiceConfig;
  readonly loaded: LoadedConfig;
  readonly env: Environment;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** What to do about errors that a person has to end. */
  readonly need: OperatorNeed;
  /** Where spans go; null where the environment names no collector. */
  readonly tracing: Tracing | null;
  /** Aborted by the first SIGTERM or SIGINT. */
  readonly signal: AbortSignal;
}

export interface RunningService {
  /** Settles when the service has ended by itself; a rejection decides the exit code. */
  readonly done: Promise<void>;
  /**
   * Ends all work and every connection, but for the pages; `close` follows later. A service that has it is built again, in the
   * same process, after an error that a person has to end.
   */
  halt?(): Promise<void>;
  /** Drains and disconnects; called once, whether `done` has settled or not. */
  close(): Promise<void>;
}

export type BuildService = (context: ServiceContext) => Promise<RunningService>;

/** What a service touches of its process; replaced in tests. */
export interface ServiceHost {
  readonly argv: readonly string[];
  readonly env: Environment;
  on(
    event: 'SIGTERM' | 'SIGINT' | 'unhandledRejection' | 'uncaughtException' | 'warning',
    listener: (value: unknown) => void,
  ): unknown;
  /** Node prints warnings by a listener of its own; without it they are ours to log. */
  removeAllListeners(event: 'warning'): unknown;
  exit(code: ExitCode): void;
  createLogger(name: string, options: { readonly level: string }): Logger;
  readonly graceMs: number;
}

const processHost: ServiceHost = {
  argv: process.argv.slice(2),
  env: process.env,
  on: (event, listener) => process.on(event, listener),
  removeAllListeners: (event) => process.removeAllListeners(event),
  exit: (code) => process.exit(code),
  createLogger,
  graceMs: GRACE_MS,
};

/**
 * The whole life of a service's process: read the configuration, build, run until it ends or is told to stop, drain
 * within 25 s, say why, exit with a code of `EXIT`. A second signal ends it at once. Nothing thrown escapes unlogged.
 */
export async function runService(
  name: string,
  build: BuildService,
  host: ServiceHost = processHost,
): Promise<void> {
  const stop = new AbortController();
  let log = host.createLogger(name, { level: 'info' });
  let tracing: Tracing | null = null;
  const finish = once((error: unknown) => host.exit(reportEnd(log, error, stop.signal)));
  host.on('unhandledRejection', (reason) => finish(crash('unhandled rejection', reason)));
  host.on('uncaughtException', (error) => finish(crash('uncaught exception', error)));
  for (const event of ['SIGTERM', 'SIGINT'] as const) {
    host.on(event, () => {
      if (stop.signal.aborted) return finish(new PipelineError('SHUTDOWN_TIMEOUT', `a second ${event} came`));
      log.info({ event: 'service.stopping', signal: event }, 'stopping');
      setTimeout(() => finish(graceOver(host.graceMs)), host.graceMs).unref();
      stop.abort(new DOMException(event, 'AbortError'));
    });
  }
  try {
    const config = loadConfig(configPath(host.argv, host.env), host.env, isForeign(name));
    const loadedAtMs = Date.now();
    const loaded = loadedConfig(config, name, loadedAtMs);
    log = host.createLogger(name, config.log);
    log.info(
      {
        event: 'service.starting',
        version: VERSION,
        node: process.version,
        config: printedConfig(config, name),
      },
      'starting',
    );
    logNodeWarnings(host, log);
    await olderNodeReady;
    const metrics = createMetrics(name);
    declareGauge(metrics.registry, SERVICE_METRICS.configLoaded).set(loadedAtMs / 1000);
    const { signal } = stop;
    const { onFatal } = config;
    const need = new OperatorNeed({ onFatal, registry: metrics.registry, log, signal });
    tracing = await openTracing(name, host.env, log);
    const context = { name, config, loaded, env: host.env, log, metrics, need, tracing, signal };
    while (await live(await build(context), need, signal));
    await tracing?.close();
    finish(undefined);
  } catch (error) {
    await tracing?.close();
    finish(error);
  }
}

/** kafkajs waits for times that have passed already (its issue 1751); Node then waits 1 ms and says so. */
const HARMLESS_WARNINGS = new Set(['TimeoutNegativeWarning']);

/** Node's warnings as log lines, so that everything a service says is JSON. */
function logNodeWarnings(host: ServiceHost, log: Logger): void {
  host.removeAllListeners('warning');
  host.on('warning', (warning) => {
    if (!(warning instanceof Error)) return;
    const level = HARMLESS_WARNINGS.has(warning.name) ? 'debug' : 'warn';
    log[level]({ event: 'node.warning', warning: warning.name }, warning.message);
  });
}

/** Waits for the end or the order to stop; closes in either case. The first error wins. Resolves to whether to build the service again. */
async function live(service: RunningService, need: OperatorNeed, signal: AbortSignal): Promise<boolean> {
  try {
    await Promise.race([service.done, aborted(signal)]);
  } catch (error) {
    const isHeld = service.halt !== undefined && !signal.aborted && need.takes(error);
    if (isHeld) await hold(service, need, error);
    await service.close().catch(() => undefined);
    if (isHeld) return !signal.aborted;
    throw error;
  }
  await service.close();
  // An error that ended the service while it drained is not hidden by the order to stop.
  await Promise.race([service.done, Promise.resolve()]);
  return false;
}

/** Until it is time to look whether a person has acted, or the process is told to stop. */
async function hold(service: RunningService, need: OperatorNeed, error: PipelineError): Promise<void> {
  need.note(error, true);
  await service.halt?.().catch(() => undefined);
  await need.wait().catch(() => undefined);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** The last line: why the process ends, and by which code. */
function reportEnd(log: Logger, error: unknown, signal: AbortSignal): ExitCode {
  if (error === undefined || (signal.aborted && isAbort(error))) {
    log.info({ event: 'service.stopped', exitCode: EXIT.stopped }, 'stopped');
    return EXIT.stopped;
  }
  const exitCode = exitCodeOf(error);
  const message = error instanceof PipelineError ? `${error.code}: ${error.message}` : 'unexpected error';
  log.fatal({ event: 'service.failed', exitCode, err: error }, message);
  return exitCode;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

function crash(kind: string, cause: unknown): unknown {
  return cause instanceof Error ? cause : new Error(`${kind} of a ${typeof cause}`);
}

function graceOver(graceMs: number): PipelineError {
  return new PipelineError('SHUTDOWN_TIMEOUT', `still draining after ${graceMs} ms`, {
    context: { graceMs },
  });
}

function once(action: (error: unknown) => void): (error: unknown) => void {
  let called = false;
  return (error) => {
    if (called) return;
    called = true;
    action(error);
  };
}
