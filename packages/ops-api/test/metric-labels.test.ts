import { POOL_METRICS, SERVICE_METRICS, type AnyMetricSpec } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { CAPTURE_METRICS } from '../src/capture-metrics.ts';
import { COMPARE_METRICS } from '../src/compare-metrics.ts';
import { SINK_METRICS } from '../src/sink-metrics.ts';

/** Of a set that the code or the configuration bounds. */
const BOUNDED = [
  'against',
  'class',
  'code',
  'component',
  'group',
  'method',
  'operation',
  'reason',
  'result',
  'revision',
].concat(['route', 'service', 'sink', 'source', 'stage', 'state', 'status', 'to', 'version']);
/** They grow with the number of tables, as docs/metrics.md says. */
const OF_TABLES = ['database', 'partition', 'table', 'topic'];

test('labels are of one vocabulary, none of which grows with rows, transactions or clients', () => {
  const all: Readonly<Record<string, AnyMetricSpec>>[] = [
    SERVICE_METRICS,
    CAPTURE_METRICS,
    SINK_METRICS,
    POOL_METRICS,
    COMPARE_METRICS,
  ];
  const specs = all.flatMap((part) => Object.values(part));
  const labels = new Set(specs.flatMap((spec) => [...spec.labels]));
  expect([...labels].sort()).toEqual([...BOUNDED, ...OF_TABLES].sort());
});
