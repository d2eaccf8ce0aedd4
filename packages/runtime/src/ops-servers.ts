import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PipelineError } from './errors.ts';
import { HEALTH_STATUSES, rollUp, type HealthReport } from './health.ts';
import { declareGauge, declareHistogram, type Histogram, type Registry } from './metrics.ts';

/** Bodies of operator commands are a few settings; more is a mistake. */
const BODY_BYTES_MAX = 65_536;

export interface OpsRequest {
  readonly query: URLSearchParams;
  /** What stands in the path for the `:name` parts of the route's. */
  readonly params: Readonly<Record<string, string>>;
  /** Body of a POST, at most 64 KiB; `''` for a GET. */
  readonly body: string;
}

export interface OpsResponse {
  readonly status: number;
  /** Written as JSON. */
  readonly body: unknown;
}

/** A POST must say `content-type: application/json`, which no web page can send across origins unasked. */
export interface OpsRoute {
  readonly method: 'GET' | 'POST';
  /** `/api/jobs/:id/pause`: a part that begins with a colon stands for any text. */
  readonly path: string;
  handle(request: OpsRequest): OpsResponse | Promise<OpsResponse>;
}

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
}

export interface OpsServers {
  readonly port: number;
  readonly metricsPort: number;
  close(): Promise<void>;
}

/** Listens on both ports. Throws OPS_PORT_TAKEN, naming the setting, when one cannot be had; then none is left open. */
export async function startOpsServers(options: OpsServersOptions): Promise<OpsServers> {
  const setting = options.setting ?? 'ops';
  const duration = declareHistogram(options.registry, {
    name: 'http_request_duration_seconds',
    help: 'Requests to the ops and metrics ports.',
    labels: ['route', 'method', 'status'],
    buckets: [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
  });
  const measureHealth = healthGauges(options);
  const ops = createServer(listener([...builtInRoutes(options), ...(options.routes ?? [])], duration));
  const metrics = createServer(metricsListener(options.registry, measureHealth));
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
    handle: () => {
      const ok = check(health());
      return { status: ok ? 200 : 503, body: { status: ok ? 'ok' : 'down' } };
    },
  });
  return [
    {
      method: 'GET',
      path: '/health',
      handle: () => {
        const report = health();
        const overall = rollUp(report);
        return {
          status: overall === 'down' ? 503 : 200,
          body: { status: overall, ready: report.ready, components: report.components },
        };
      },
    },
    probe('/livez', (report) => report.live ?? true),
    probe('/readyz', (report) => report.ready),
    { method: 'GET', path: '/status', handle: async () => ({ status: 200, body: await status() }) },
  ];
}

function listener(routes: readonly OpsRoute[], duration: Histogram<'route' | 'method' | 'status'>) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? '/', 'http://ops');
    const route = routes.find(
      ({ path, method }) => method === request.method && paramsOf(path, url.pathname) !== null,
    );
    const stop = duration.startTimer();
    answer(route, request, url)
      .catch((error: unknown) => failure(error))
      .then(({ status, body }) => {
        respond(response, status, 'application/json; charset=utf-8', `${JSON.stringify(body)}\n`);
        stop({ route: route?.path ?? 'unknown', method: route?.method ?? 'other', status });
      })
      .catch(() => response.destroy());
  };
}

/** The texts of the `:name` parts; null when the path is not the pattern's. */
function paramsOf(pattern: string, path: string): Readonly<Record<string, string>> | null {
  const [wanted, found] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== found.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const text = found[index] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = decoded(text);
    else if (part !== text) return null;
  }
  return params;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function answer(
  route: OpsRoute | undefined,
  request: IncomingMessage,
  { pathname, searchParams: query }: URL,
): Promise<OpsResponse> {
  if (route === undefined) return { status: 404, body: { error: 'no such page' } };
  const params = paramsOf(route.path, pathname) ?? {};
  if (route.method === 'GET') return route.handle({ query, params, body: '' });
  if (!(request.headers['content-type'] ?? '').startsWith('application/json')) {
    return { status: 415, body: { error: 'send content-type: application/json' } };
  }
  const body = await readBody(request);
  return body === undefined
    ? { status: 413, body: { error: 'body too large' } }
    : route.handle({ query, params, body });
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function failure(error: unknown): OpsResponse {
  if (!(error instanceof PipelineError)) return { status: 500, body: { error: 'internal error' } };
  return {
    status: error.errorClass === 'retryable' ? 503 : 400,
    body: { error: error.message, code: error.code },
  };
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
    if (request.url !== '/metrics') {
      respond(response, 404, 'text/plain', 'see /metrics\n');
      return;
    }
    measureHealth();
    registry
      .metrics()
      .then((text) => respond(response, 200, registry.contentType, text))
      .catch(() => respond(response, 500, 'text/plain', 'a collector failed\n'));
  };
}

function respond(response: ServerResponse, status: number, contentType: string, text: string): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' }).end(text);
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
