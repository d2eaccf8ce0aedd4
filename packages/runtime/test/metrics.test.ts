import { expect, test } from 'vitest';
import { createMetrics, declareCounter, declareGauge, declareHistogram } from '../src/metrics.ts';
import type { CounterSpec } from '../src/metric-spec.ts';
import { SERVICE_METRICS } from '../src/service-metrics.ts';

test('a declared label set exists with 0 before anything happened, NaN where 0 would be a claim', async () => {
  const { registry } = createMetrics('capture');
  declareCounter(registry, SERVICE_METRICS.errors, [
    { service: 'capture', class: 'fatal', reason: 'DATA_GAP' },
  ]);
  declareHistogram(
    registry,
    { type: 'histogram', name: 'cdc_x_seconds', help: 'X.', unit: 'seconds', labels: ['sink'], buckets: [1] },
    [{ sink: 'redis' }],
  );
  declareGauge(
    registry,
    { type: 'gauge', name: 'cdc_y_seconds', help: 'Y.', unit: 'seconds', labels: ['sink'], start: 'unknown' },
    [{ sink: 'redis' }],
  );
  const text = await registry.metrics();
  expect(text).toContain('cdc_errors_total{service="capture",class="fatal",reason="DATA_GAP"} 0');
  expect(text).toContain('cdc_x_seconds_count{sink="redis"} 0');
  expect(text).toMatch(/cdc_y_seconds\{sink="redis"\} nan/i);
  expect(text).toMatch(/cdc_build_info\{version="\d+\.\d+\.\d+",revision="[^"]+",service="capture"\} 1/);
  expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
});

test('two parts that declare the same metric count into the same one', async () => {
  const { registry } = createMetrics('capture');
  const spec = {
    type: 'counter',
    name: 'cdc_events_total',
    help: 'Events.',
    unit: 'events',
    labels: [],
  } as const;
  declareCounter(registry, spec).inc(2);
  declareCounter(registry, spec).inc(3);
  expect(await registry.getSingleMetricAsString('cdc_events_total')).toContain('cdc_events_total 5');
});

test('a metric without help, unit or labels does not compile', () => {
  const whole = { type: 'counter', name: 'cdc_x_total', help: 'X.', unit: 'events', labels: [] } as const;
  const { help: _help, ...withoutHelp } = whole;
  const { unit: _unit, ...withoutUnit } = whole;
  const { labels: _labels, ...withoutLabels } = whole;
  const specs: CounterSpec<string>[] = [
    whole,
    // @ts-expect-error no help
    withoutHelp,
    // @ts-expect-error no unit
    withoutUnit,
    // @ts-expect-error no labels
    withoutLabels,
  ];
  expect(specs).toHaveLength(4);
});

test('registries of two services in one process do not meet', () => {
  expect(() => [createMetrics('a'), createMetrics('b')]).not.toThrow();
});
