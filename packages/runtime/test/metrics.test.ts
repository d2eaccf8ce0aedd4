import { expect, test } from 'vitest';
import { createMetrics, declareCounter, declareGauge, declareHistogram } from '../src/metrics.ts';

test('a declared label set exists with 0 before anything happened', async () => {
  const { registry } = createMetrics('capture');
  declareCounter(registry, {
    name: 'cdc_errors_total',
    help: 'Errors.',
    labels: ['service', 'class'],
    initial: [{ service: 'capture', class: 'fatal' }],
  });
  declareHistogram(registry, {
    name: 'cdc_x_seconds',
    help: 'X.',
    labels: ['sink'],
    buckets: [1],
    initial: [{ sink: 'redis' }],
  });
  const text = await registry.metrics();
  expect(text).toContain('cdc_errors_total{service="capture",class="fatal"} 0');
  expect(text).toContain('cdc_x_seconds_count{sink="redis"} 0');
  expect(text).toMatch(/cdc_build_info\{version="\d+\.\d+\.\d+",revision="[^"]+",service="capture"\} 1/);
  expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
});

test('two parts that declare the same metric count into the same one', async () => {
  const { registry } = createMetrics('capture');
  const spec = { name: 'cdc_events_total', help: 'Events.' };
  declareCounter(registry, spec).inc(2);
  declareCounter(registry, spec).inc(3);
  declareGauge(registry, {
    name: 'cdc_state',
    help: 'State.',
    labels: ['state'],
    initial: [{ state: 'open' }],
  }).inc({ state: 'open' });
  expect(await registry.getSingleMetricAsString('cdc_events_total')).toContain('cdc_events_total 5');
  expect(await registry.getSingleMetricAsString('cdc_state')).toContain('cdc_state{state="open"} 1');
});

test('registries of two services in one process do not meet', () => {
  expect(() => [createMetrics('a'), createMetrics('b')]).not.toThrow();
});
