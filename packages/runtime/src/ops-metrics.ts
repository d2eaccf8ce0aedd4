import type { IncomingMessage, ServerResponse } from 'node:http';
import { HEALTH_STATUSES, type HealthReport } from './health.ts';
import { declareGauge, type Registry } from './metrics.ts';
import { addressOfClient } from './ops-guard.ts';
import { respond } from './ops-requests.ts';
import { SERVICE_METRICS } from './service-metrics.ts';
import { clientOf, type TokenBuckets } from './token-buckets.ts';

export interface ScrapedOptions {
  readonly registry: Registry;
  readonly health: () => HealthReport;
  readonly rate: TokenBuckets;
}

/** What `/readyz` and `/health` say, as series: whoever watches metrics alone sees the same. */
function healthGauges({ registry, health }: ScrapedOptions): () => void {
  const ready = declareGauge(registry, SERVICE_METRICS.ready);
  const components = declareGauge(registry, SERVICE_METRICS.components);
  const known = new Set<string>();
  return () => {
    const report = health();
    ready.set(report.ready ? 1 : 0);
    for (const component of Object.keys(report.components)) known.add(component);
    // A service that waits for a person tells of fewer: what the others were is over.
    for (const component of known)
      for (const status of HEALTH_STATUSES)
        components.set({ component, status }, report.components[component]?.status === status ? 1 : 0);
  };
}

/** Answers `/metrics` and nothing else. */
export function metricsListener(options: ScrapedOptions) {
  const { registry, rate } = options;
  const measureHealth = healthGauges(options);
  return (request: IncomingMessage, response: ServerResponse): void => {
    const isHead = request.method === 'HEAD';
    const say = (status: number, text: string, headers?: Readonly<Record<string, string>>): void =>
      respond(response, { status, contentType: 'text/plain', text, isHead, headers });
    const waitSeconds = rate.take(clientOf(addressOfClient(request)));
    if (waitSeconds > 0)
      return say(429, 'too many requests\n', { 'retry-after': String(Math.ceil(waitSeconds)) });
    // A scraper may have parameters of its own (`params` of Prometheus); they choose nothing here.
    const [path] = (request.url ?? '').split('?', 1);
    if (path !== '/metrics') return say(404, 'see /metrics\n');
    if (request.method !== 'GET' && !isHead) return say(405, 'send GET\n', { allow: 'GET, HEAD' });
    Promise.resolve()
      .then(() => measureHealth())
      .then(() => registry.metrics())
      .then((text) => respond(response, { status: 200, contentType: registry.contentType, text, isHead }))
      .catch(() => say(500, 'a collector failed\n'));
  };
}
