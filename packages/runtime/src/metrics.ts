import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { CounterSpec, GaugeSpec, HistogramSpec, MetricSpec } from './metric-spec.ts';
import { errorCodes, errorEntry } from './errors.ts';
import { memoryLimitBytes } from './memory-limit.ts';
import { SERVICE_METRICS } from './service-metrics.ts';
import { VERSION } from './version.ts';

export { Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  readonly registry: Registry;
}

/** Label sets that exist from the start: `increase()` of a series that first appears as 1 is 0. */
type LabelSets<L extends string> = readonly Readonly<Record<L, string | number>>[];

/** A registry with Node's own metrics, `cdc_build_info` and the limit of memory. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  declareGauge(registry, SERVICE_METRICS.buildInfo).set(
    { version: VERSION, revision: process.env['SLUICE_REVISION'] ?? 'unknown', service },
    1,
  );
  declareGauge(registry, SERVICE_METRICS.memoryLimit).set(memoryLimitBytes());
  return { registry };
}

/** The counter of that name in the registry; created at the first call, so that two parts may count into the same one. */
export function declareCounter<L extends string>(
  registry: Registry,
  spec: CounterSpec<L>,
  initial: LabelSets<L> = [],
): Counter<L> {
  const known = registry.getSingleMetric(spec.name);
  const counter = known instanceof Counter ? known : new Counter({ ...common(spec), registers: [registry] });
  for (const labels of initial) counter.inc(labels, 0);
  return counter;
}

/** `cdc_errors_total` of a service, with 0 for each code. */
export function declareErrors(
  registry: Registry,
  service: string,
): Counter<(typeof SERVICE_METRICS.errors.labels)[number]> {
  const codes = errorCodes('retryable', 'record', 'schema', 'fatal');
  const initial = codes.map((reason) => ({ service, class: errorEntry(reason).class, reason }));
  return declareCounter(registry, SERVICE_METRICS.errors, initial);
}

/** As `declareCounter`, for a value that goes up and down. */
export function declareGauge<L extends string>(
  registry: Registry,
  spec: GaugeSpec<L>,
  initial: LabelSets<L> = [],
): Gauge<L> {
  const known = registry.getSingleMetric(spec.name);
  if (known instanceof Gauge) return known;
  const gauge = new Gauge({ ...common(spec), registers: [registry] });
  const first = spec.start === 'unknown' ? Number.NaN : 0;
  for (const labels of initial) gauge.set(labels, first);
  if (spec.labels.length === 0 && spec.start === 'unknown') gauge.set(first);
  return gauge;
}

/** As `declareCounter`, for a distribution over classic buckets. */
export function declareHistogram<L extends string>(
  registry: Registry,
  spec: HistogramSpec<L>,
  initial: LabelSets<L> = [],
): Histogram<L> {
  const known = registry.getSingleMetric(spec.name);
  if (known instanceof Histogram) return known;
  const histogram = new Histogram({ ...common(spec), buckets: [...spec.buckets], registers: [registry] });
  for (const labels of initial) histogram.zero(labels);
  return histogram;
}

function common<L extends string>(spec: MetricSpec<L>): { name: string; help: string; labelNames: L[] } {
  return { name: spec.name, help: spec.help, labelNames: [...spec.labels] };
}
