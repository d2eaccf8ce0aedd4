import { Registry } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { CaptureMetrics } from '../../src/session/metrics.ts';
import { rowsEvent } from '../support/rows-events.ts';
import { begin, ORDERS, streamOf } from '../support/streams.ts';

async function valueOf(
  registry: Registry,
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<number> {
  const metric = await registry.getSingleMetric(name)?.get();
  const found = metric?.values.find(({ labels: own }) =>
    Object.entries(labels).every(([label, value]) => own[label] === value),
  );
  return found?.value ?? Number.NaN;
}

test('rows are counted once they are published, by table and operation', async () => {
  const registry = new Registry();
  const metrics = new CaptureMetrics(registry, 'shop');
  const { stream, routes } = streamOf();
  begin(stream, 100);
  const rows = [
    ['1', '""'],
    ['2', '""'],
  ];
  stream.onRows(rowsEvent({ table: ORDERS, operation: 'INSERT', start: 110, rows }));
  metrics.published({ rows: 2, bytes: 100, seconds: 0.003 }, 1, routes.all);
  metrics.published({ rows: 0, bytes: 100, seconds: 0.003 }, 0, routes.all);
  const labels = { source: 'shop', db: 'shop', table: 'orders', op: 'INSERT' };
  expect(await valueOf(registry, 'cdc_capture_events_total', labels)).toBe(2);
  expect(await valueOf(registry, 'cdc_kafka_produced_records_total', { topic: 'p.shop.orders' })).toBe(2);
  expect(await valueOf(registry, 'cdc_capture_transactions_total', { source: 'shop' })).toBe(1);
});

test('one state at a time; a disconnection is counted by its code', async () => {
  const registry = new Registry();
  const metrics = new CaptureMetrics(registry, 'shop');
  metrics.connected(3);
  metrics.state('snapshot');
  metrics.state('streaming');
  const states = (state: string): Promise<number> => valueOf(registry, 'cdc_capture_state', { state });
  expect([await states('snapshot'), await states('streaming')]).toEqual([0, 1]);
  expect(await valueOf(registry, 'cdc_source_generation', { source: 'shop' })).toBe(3);
  metrics.disconnected('retryable', 'SOURCE_SILENT');
  expect(await valueOf(registry, 'cdc_source_connected', { source: 'shop' })).toBe(0);
  expect(await valueOf(registry, 'cdc_capture_disconnects_total', { reason: 'SOURCE_SILENT' })).toBe(1);
});

test('the lag is never negative', async () => {
  const registry = new Registry();
  const metrics = new CaptureMetrics(registry, 'shop');
  metrics.lag(-0.5);
  expect(await valueOf(registry, 'cdc_binlog_lag_seconds', { source: 'shop' })).toBe(0);
  metrics.lag(12);
  expect(await valueOf(registry, 'cdc_binlog_lag_seconds', { source: 'shop' })).toBe(12);
});
