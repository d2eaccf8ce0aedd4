import { Registry } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { CompareMetrics } from '../../src/operator/compare-metrics.ts';
import type { TableFindings } from '../../src/operator/compare-round.ts';

const TABLE = { database: 'shop', table: 'orders' };
const EQUAL = { compared: 10, equal: 10, different: 0, missing: 0, extra: 0, notSettled: 0 };

function found(counts: typeof EQUAL | null, ...remarks: readonly string[]): TableFindings {
  const sinks = counts === null ? {} : { redis: counts };
  return { table: 'shop.orders', compared: counts !== null, remarks: [...remarks], sinks };
}

const seriesOf = async (registry: Registry): Promise<Readonly<Record<string, number>>> => {
  const metrics = await registry.getMetricsAsJSON();
  return Object.fromEntries(metrics.map(({ name, values }) => [name, values[0]?.value ?? Number.NaN]));
};

test('rows are added up, and what differs is that of the last comparison', async () => {
  const registry = new Registry();
  const metrics = new CompareMetrics(registry, false);
  metrics.begins([{ ...TABLE, sinks: ['redis'] }]);
  metrics.compared(TABLE, found({ ...EQUAL, different: 1, missing: 2, extra: 3, notSettled: 1 }));
  expect(await seriesOf(registry)).toEqual({
    cdc_compare_rows_total: 10,
    cdc_compare_different: 6,
    cdc_compare_last_rows: 10,
    cdc_compare_last_success_timestamp_seconds: 0,
  });
  metrics.compared(TABLE, found(EQUAL));
  const settled = await seriesOf(registry);
  expect(settled).toMatchObject({ cdc_compare_rows_total: 20, cdc_compare_different: 0 });
  expect(settled['cdc_compare_last_success_timestamp_seconds']).toBeGreaterThan(1.7e9);
});

test('only what has changed is told, and what is not compared', () => {
  const metrics = new CompareMetrics(new Registry(), false);
  const told = (some: TableFindings): readonly string[] =>
    metrics.compared(TABLE, some).map(({ level, text }) => `${level} ${text}`);
  expect(told(found(EQUAL))).toEqual([]);
  const differs =
    'warn shop.orders in sink redis differs in 1 rows: sluice compare shop.orders --sink redis names them';
  expect(told(found({ ...EQUAL, missing: 1 }))).toEqual([differs]);
  expect(told(found({ ...EQUAL, missing: 1 }))).toEqual([]);
  expect(told(found(EQUAL))).toEqual(['info shop.orders in sink redis is equal again']);
  expect(told(found(null, 'it has no key'))).toEqual(['warn shop.orders is not compared: it has no key']);
  expect(told(found(null, 'it has no key'))).toEqual([]);
});

test('what differed in a table that cannot be compared any more is told no longer', async () => {
  const registry = new Registry();
  const metrics = new CompareMetrics(registry, false);
  metrics.begins([{ ...TABLE, sinks: ['redis'] }]);
  metrics.compared(TABLE, found({ ...EQUAL, different: 3 }));
  metrics.compared(TABLE, found(null, 'it has no key'));
  const series = await registry.getMetricsAsJSON();
  const names = series.filter(({ values }) => values.length > 0).map(({ name }) => name);
  expect(names).toEqual(['cdc_compare_rows_total', 'cdc_compare_last_success_timestamp_seconds']);
  // One that differs again is news.
  expect(metrics.compared(TABLE, found({ ...EQUAL, different: 3 }))).toMatchObject([
    { event: 'compare.remarks' },
    { event: 'compare.different' },
  ]);
});

test('rows that are not settled never make a sink equal that differed', async () => {
  const registry = new Registry();
  const metrics = new CompareMetrics(registry, false);
  metrics.compared(TABLE, found({ ...EQUAL, different: 3 }));
  expect(metrics.compared(TABLE, found({ ...EQUAL, compared: 4, notSettled: 4 }))).toEqual([]);
  expect(await seriesOf(registry)).toMatchObject({ cdc_compare_different: 3, cdc_compare_last_rows: 10 });
  expect(metrics.compared(TABLE, found({ ...EQUAL, different: 4, notSettled: 1 }))).toHaveLength(1);
  expect(await seriesOf(registry)).toMatchObject({ cdc_compare_different: 4 });
  expect(metrics.compared(TABLE, found(EQUAL))).toMatchObject([{ event: 'compare.equal' }]);
});

test('a sample without differences is not called equal', () => {
  const metrics = new CompareMetrics(new Registry(), true);
  metrics.compared(TABLE, found({ ...EQUAL, different: 3 }));
  expect(metrics.compared(TABLE, found(EQUAL)).map(({ text }) => text)).toEqual([
    'shop.orders in sink redis: no row of this sample differs; those that did may still',
  ]);
});

test('a table or sink that is gone leaves no series, one that is not compared yet has 0', async () => {
  const registry = new Registry();
  const metrics = new CompareMetrics(registry, false);
  const differs = found({ ...EQUAL, different: 3 });
  metrics.begins([{ ...TABLE, sinks: ['redis', 'mysql'] }]);
  expect(metrics.compared(TABLE, differs)).toHaveLength(1);
  const counted = await registry.getMetricsAsJSON();
  const sinksOf = (name: string): unknown[] =>
    counted.find((metric) => metric.name === name)?.values.map(({ labels }) => labels['sink']) ?? [];
  expect(sinksOf('cdc_compare_different')).toEqual(['redis']);
  expect(sinksOf('cdc_compare_last_success_timestamp_seconds')).toEqual(['redis', 'mysql']);
  metrics.begins([{ ...TABLE, sinks: ['mysql'] }]);
  const series = (await registry.metrics()).split('\n').filter((line) => line.startsWith('cdc_'));
  expect(series).toEqual([
    'cdc_compare_last_success_timestamp_seconds{sink="mysql",database="shop",table="orders"} 0',
  ]);
  metrics.begins([{ ...TABLE, sinks: ['redis'] }]);
  expect(metrics.compared(TABLE, differs)).toHaveLength(1);
  metrics.begins([]);
  expect((await registry.metrics()).split('\n').filter((line) => line.startsWith('cdc_'))).toEqual([]);
});
