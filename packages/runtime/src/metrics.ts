import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { VERSION } from './version.ts';

export { Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  readonly registry: Registry;
}

type Labels<L extends string> = Readonly<Record<L, string | number>>;

export interface MetricSpec<L extends string> {
  /** `cdc_<noun>_<unit>`, `_total` for counters; base units: seconds, bytes. */
  readonly name: string;
  readonly help: string;
  /** Values must come from bounded sets: never keys, GTIDs or messages. */
  readonly labels?: readonly L[];
  /** Label sets that exist with 0 from the start: `increase()` of a series that first appears as 1 is 0. */
  readonly initial?: readonly Labels<L>[];
}

export interface HistogramSpec<L extends string> extends MetricSpec<L> {
  readonly buckets: readonly number[];
}

/** A registry with Node's own metrics and `cdc_build_info`. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  declareGauge(registry, {
    name: 'cdc_build_info',
    help: 'Always 1; the labels carry the versions.',
    labels: ['version', 'revision', 'service'],
  }).set({ version: VERSION, revision: process.env['SLUICE_REVISION'] ?? 'unknown', service }, 1);
  return { registry };
}

/** The counter of that name in the registry; created at the first call, so that two parts may count into the same one. */
export function declareCounter<L extends string = never>(
  registry: Registry,
  spec: MetricSpec<L>,
): Counter<L> {
  const known = registry.getSingleMetric(spec.name);
  if (known instanceof Counter) return known;
  const counter = new Counter({ ...common(spec), registers: [registry] });
  for (const labels of spec.initial ?? []) counter.inc(labels, 0);
  return counter;
}

/** As `declareCounter`, for a value that goes up and down. */
export function declareGauge<L extends string = never>(registry: Registry, spec: MetricSpec<L>): Gauge<L> {
  const known = registry.getSingleMetric(spec.name);
  if (known instanceof Gauge) return known;
  const gauge = new Gauge({ ...common(spec), registers: [registry] });
  for (const labels of spec.initial ?? []) gauge.set(labels, 0);
  return gauge;
}

/** As `declareCounter`, for a distribution over classic buckets. */
export function declareHistogram<L extends string = never>(
  registry: Registry,
  spec: HistogramSpec<L>,
): Histogram<L> {
  const known = registry.getSingleMetric(spec.name);
  if (known instanceof Histogram) return known;
  const histogram = new Histogram({ ...common(spec), buckets: [...spec.buckets], registers: [registry] });
  for (const labels of spec.initial ?? []) histogram.zero(labels);
  return histogram;
}

function common<L extends string>(spec: MetricSpec<L>): { name: string; help: string; labelNames: L[] } {
  return { name: spec.name, help: spec.help, labelNames: [...(spec.labels ?? [])] };
}
