import { Registry } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { CompareMetrics } from '../../src/operator/compare-metrics.ts';

type RunningFindings = Parameters<CompareMetrics['note']>[1];

const TABLE = { database: 'shop', table: 'orders' };
const EQUAL = { compared: 10, equal: 10, different: 0, missing: 0, extra: 0, notSettled: 0 };

function found(counts: typeof EQUAL | null, ...remarks: readonly string[]): RunningFindings {
  const sinks = counts === null ? {} : { redis: counts };
  const tables = [{ table: 'shop.orders', compared: counts !== null, remarks: [...remarks], sinks }];
  return { result: 'equal', rows: 10, tables, differences: [], notSettled: [], unlisted: 0 };
}

const seriesOf = async (registry: Registry): Promise<Readonly<Record<string, number>>> => {
  const metrics = await registry.getMetricsAsJSON();
  return Object.fromEntries(metrics.map(({ name, values }) => [name, values[0]?.value ?? Number.NaN]));
};

test('rows are added up, and what differs is that of the last comparison', async () => {
  const registry = new Registry();
  const metrics = new CompareMetrics(registry);
  metrics.note(TABLE, found({ ...EQUAL, different: 1, missing: 2, extra: 3, notSettled: 1 }));
  expect(await seriesOf(registry)).toEqual({
    cdc_compare_rows_total: 10,
    cdc_compare_different: 6,
    cdc_compare_last_success_timestamp_seconds: 0,
  });
  metrics.note(TABLE, found(EQUAL));
  const settled = await seriesOf(registry);
  expect(settled).toMatchObject({ cdc_compare_rows_total: 20, cdc_compare_different: 0 });
  expect(settled['cdc_compare_last_success_timestamp_seconds']).toBeGreaterThan(1.7e9);
});

test('only what has changed is told, and what is not compared', () => {
  const metrics = new CompareMetrics(new Registry());
  const told = (some: RunningFindings): readonly string[] =>
    metrics.note(TABLE, some).map(({ level, text }) => `${level} ${text}`);
  expect(told(found(EQUAL))).toEqual([]);
  const differs =
    'warn shop.orders in sink redis differs in 1 rows: sluice compare shop.orders --sink redis names them';
  expect(told(found({ ...EQUAL, missing: 1 }))).toEqual([differs]);
  expect(told(found({ ...EQUAL, missing: 1 }))).toEqual([]);
  expect(told(found(EQUAL))).toEqual(['info shop.orders in sink redis is equal again']);
  expect(told(found(null, 'it has no key'))).toEqual(['warn shop.orders is not compared: it has no key']);
  expect(told(found(null, 'it has no key'))).toEqual([]);
});
