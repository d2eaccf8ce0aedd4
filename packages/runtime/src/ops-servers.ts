import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PipelineError } from './errors.ts';
import { HEALTH_STATUSES, rollUp, type HealthReport } from './health.ts';
import { declareGauge, declareHistogram, type Registry } from './metrics.ts';
import { OpsAccess } from './ops-access.ts';
import { opsListener, respond, type OpsRoute } from './ops-requests.ts';

/** Of one request's head, and of all of it, in milliseconds: a client that takes longer holds a connection for nothing. */
const TIMES = { headersTimeout: 5_000, requestTimeout: 10_000, connectionsCheckingInterval: 1_000 };
/** Of each port: a probe, a scraper and a few people need no more, and the process has its files for Kafka and the stores. */
const CONNECTIONS_MAX = 64;

export interface OpsServersOptions {
  readonly host: string;
  /** Port of health and status; 0 takes a free one. */
  readonly port: number;
  /** Port of metrics; 0 takes a free one. */
  readonly metricsPort: number;
  readonly registry: Registry;
  readonly health: () => HealthReport;
  readonly status: () => unknown;
  readonly routes?: readonly OpsRoute[];
  /** Path of these settings in sluice.yaml, for the message about a taken port, e.g. `capture.ops`. */
  readonly setting?: string;
  /** Further names that clients reach the service by, in lower case. */
  readonly allowedHosts?: readonly string[];
  /** File with the tokens of those who may ask (`parseTokens`); without one everybody may. */
  readonly tokensFile?: string | undefined;
}

export interface OpsServers {
  readonly port: number;
  readonly metricsPort: number;
  close(): Promise<void>;
}

/**
 * Listens on both ports. Throws OPS_PORT_TAKEN, naming the setting, when one cannot be had, and CONFIG_INVALID when the tokens cannot
 * be read; then none is left open.
 */
export async function startOpsServers(options: OpsServersOptions): Promise<OpsServers> {
  const setting = options.setting ?? 'ops';
  const duration = declareHistogram(options.registry, {
    name: 'http_request_duration_seconds',
    help: 'Requests to the ops and metrics ports.',
    labels: ['route', 'method', 'status'],
    buckets: [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
  });
  const measureHealth = healthGauges(options);
  const routes = [...builtInRoutes(options), ...(options.routes ?? [])];
  const { allowedHosts = [], tokensFile = null } = options;
  const access = new OpsAccess(tokensFile);
  if (tokensFile !== null) await access.check();
  const ops = newServer(opsListener({ routes, allowedHosts, access, setting, duration }));
  const metrics = newServer(metricsListener(options.registry, measureHealth));
  await listen(ops, options.host, options.port, `${setting}.port`);
  try {
    await listen(metrics, options.host, options.metricsPort, `${setting}.metricsPort`);
  } catch (error) {
    await closeServer(ops);
    throw error;
  }
  return {
    port: portOf(ops),
    metricsPort: portOf(metrics),
    close: async () => {
      await Promise.all([closeServer(ops), closeServer(metrics)]);
    },
  };
}

function builtInRoutes({ health, status }: OpsServersOptions): OpsRoute[] {
  const probe = (path: string, check: (report: HealthReport) => boolean): OpsRoute => ({
    method: 'GET',
    path,
    role: 'anyone',
    handle: () => {
      const ok = check(health());
      return { status: ok ? 200 : 503, body: { status: ok ? 'ok' : 'down' } };
    },
  });
  return [
    {
      method: 'GET',
      path: '/api/v1/health',
      aliases: ['/health', '/api/health/detailed'],
      role: 'viewer',
      handle: () => {
        const report = health();
        const { ready, state, components } = report;
        const overall = rollUp(report);
        return {
          status: overall === 'down' ? 503 : 200,
          body: { status: overall, ready, ...(state === undefined ? {} : { state }), components },
        };
      },
    },
    probe('/livez', (report) => report.live ?? true),
    probe('/readyz', (report) => report.ready),
    {
      method: 'GET',
      path: '/api/v1/status',
      aliases: ['/status'],
      role: 'viewer',
      handle: async () => ({ status: 200, body: await status() }),
    },
  ];
}

function newServer(listener: (request: IncomingMessage, response: ServerResponse) => void): Server {
  const server = createServer(TIMES, listener);
  server.maxConnections = CONNECTIONS_MAX;
  return server;
}

/** What `/readyz` and `/health` say, as series: whoever watches metrics alone sees the same. */
function healthGauges({ registry, health }: OpsServersOptions): () => void {
  const ready = declareGauge(registry, { name: 'cdc_ready', help: '1 while /readyz says yes.' });
  const components = declareGauge(registry, {
    name: 'cdc_component_status',
    help: '1 for the status that a component of /health has: ok, degraded, down.',
    labels: ['component', 'status'],
  });
  return () => {
    const report = health();
    ready.set(report.ready ? 1 : 0);
    for (const [component, { status: now }] of Object.entries(report.components))
      for (const status of HEALTH_STATUSES) components.set({ component, status }, status === now ? 1 : 0);
  };
}

function metricsListener(registry: Registry, measureHealth: () => void) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const isHead = request.method === 'HEAD';
    const say = (status: number, text: string): void =>
      respond(response, { status, contentType: 'text/plain', text, isHead });
    if (request.url !== '/metrics') return say(404, 'see /metrics\n');
    Promise.resolve()
      .then(() => measureHealth())
      .then(() => registry.metrics())
      .then((text) => respond(response, { status: 200, contentType: registry.contentType, text, isHead }))
      .catch(() => say(500, 'a collector failed\n'));
  };
}

async function listen(server: Server, host: string, port: number, setting: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new PipelineError(
      'OPS_PORT_TAKEN',
      `cannot listen on ${host}:${port} (${code}): change ${setting}`,
      {
        cause: error,
        context: { host, port, setting, code },
      },
    );
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** Open keep-alive connections of a scraper must not hold up a shutdown. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
