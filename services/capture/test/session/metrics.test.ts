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
  metrics.published({ rows: 2, bytes: 100, seconds: 0.003, traces: [] }, 1, routes.all);
  metrics.published({ rows: 0, bytes: 100, seconds: 0.003, traces: [] }, 0, routes.all);
  const labels = { source: 'shop', database: 'shop', table: 'orders', operation: 'INSERT' };
  expect(await valueOf(registry, 'cdc_capture_events_total', labels)).toBe(2);
  expect(await valueOf(registry, 'cdc_kafka_produced_records_total', { topic: 'p.shop.orders' })).toBe(2);
  expect(await valueOf(registry, 'cdc_capture_transactions_total', { source: 'shop' })).toBe(1);
  expect(metrics.rates.perSecond).toBe(2);
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
  expect(metrics.rates.errorRate).toBe(1);
  // A try that finds no source breaks no stream, however often it is made.
  metrics.disconnected('retryable', 'SOURCE_SILENT');
  expect(await valueOf(registry, 'cdc_capture_disconnects_total', { reason: 'SOURCE_SILENT' })).toBe(1);
  expect(await valueOf(registry, 'cdc_errors_total', { reason: 'SOURCE_SILENT' })).toBe(2);
});

test('each known table has its series before its first row', async () => {
  const registry = new Registry();
  const metrics = new CaptureMetrics(registry, 'shop');
  metrics.tables([{ database: 'shop', table: 'orders' }], (database, table) => [`p.${database}.${table}`]);
  const labels = { database: 'shop', table: 'orders', operation: 'DELETE' };
  expect(await valueOf(registry, 'cdc_capture_events_total', labels)).toBe(0);
  expect(await valueOf(registry, 'cdc_kafka_produced_records_total', { topic: 'p.shop.orders' })).toBe(0);
  expect(await valueOf(registry, 'cdc_oversize_records_total', { topic: 'p.shop.orders' })).toBe(0);
});

test('the lag is never negative', async () => {
  const registry = new Registry();
  const metrics = new CaptureMetrics(registry, 'shop');
  metrics.lag(-0.5);
  expect(await valueOf(registry, 'cdc_binlog_lag_seconds', { source: 'shop' })).toBe(0);
  metrics.lag(12);
  expect(await valueOf(registry, 'cdc_binlog_lag_seconds', { source: 'shop' })).toBe(12);
});

test('every series with a bounded set of labels is there before anything happened', async () => {
  const registry = new Registry();
  new CaptureMetrics(registry, 'shop');
  const source = { source: 'shop' };
  expect(await valueOf(registry, 'cdc_source_connected', source)).toBe(0);
  expect(await valueOf(registry, 'cdc_binlog_lag_seconds', source)).toBe(0);
  for (const reason of ['SOURCE_SILENT', 'SOURCE_BINLOG_PURGED', 'KAFKA_UNREACHABLE']) {
    expect(await valueOf(registry, 'cdc_capture_disconnects_total', { reason }), `of ${reason}`).toBe(0);
    expect(await valueOf(registry, 'cdc_errors_total', { service: 'capture', reason }), `of ${reason}`).toBe(
      0,
    );
  }
  expect(await valueOf(registry, 'cdc_kafka_produce_errors_total', { reason: 'KAFKA_UNREACHABLE' })).toBe(0);
  const declared = await registry.getMetricsAsJSON();
  const unknown = declared.filter(({ values }) => values.some(({ value }) => Number.isNaN(value)));
  expect(unknown.map(({ name }) => name).sort()).toEqual([
    'cdc_binlog_file_number',
    'cdc_binlog_lag_bytes',
    'cdc_binlog_last_event_timestamp_seconds',
    'cdc_binlog_position_bytes',
    'cdc_binlog_retention_headroom_seconds',
    'cdc_checkpoint_last_success_timestamp_seconds',
    'cdc_clock_skew_seconds',
    'cdc_dlq_depth',
  ]);
});

test('what is so at this moment: queue, snapshots, tables that are left alone', async () => {
  const registry = new Registry();
  const metrics = new CaptureMetrics(registry, 'shop');
  metrics.progress({
    file: 7,
    position: 400,
    queue: { bytes: 10, items: 2, capacityBytes: 100 },
    lastCommitMs: 0,
    refused: 3,
    jobs: [{ state: 'running' }, { state: 'pending' }, { state: 'pending' }],
  });
  const queue = { stage: 'binlog' };
  expect(await valueOf(registry, 'cdc_queue_items', queue)).toBe(2);
  expect(await valueOf(registry, 'cdc_queue_capacity_bytes', queue)).toBe(100);
  expect(await valueOf(registry, 'cdc_tables_refused', { source: 'shop' })).toBe(3);
  const jobs = (state: string): Promise<number> => valueOf(registry, 'cdc_snapshot_tables', { state });
  expect([await jobs('running'), await jobs('pending'), await jobs('done')]).toEqual([1, 2, 0]);
});

test('a capture that stands by tells nothing of the stream any more; takeovers are counted once each', async () => {
  const registry = new Registry();
  const metrics = new CaptureMetrics(registry, 'shop');
  const own = (name: string): Promise<number> => valueOf(registry, name, { source: 'shop' });
  for (const does of [true, true, false, true]) metrics.leads(does);
  expect(await own('cdc_capture_takeovers_total')).toBe(2);
  expect(await own('cdc_capture_leader')).toBe(1);
  metrics.connected(3);
  metrics.lag(7);
  metrics.journal(2, 1);
  metrics.brokerClock(-3);
  expect(await valueOf(registry, 'cdc_clock_skew_seconds', { against: 'broker' })).toBe(-3);
  metrics.leads(false);
  metrics.standsBy();
  const after = [
    'cdc_capture_leader',
    'cdc_source_connected',
    'cdc_ddl_unacknowledged',
    'cdc_tables_stopped',
  ];
  expect(await Promise.all(after.map(own))).toEqual([0, 0, 0, 0]);
  const unknown = [
    'cdc_binlog_lag_seconds',
    'cdc_binlog_retention_headroom_seconds',
    'cdc_clock_skew_seconds',
  ];
  expect(await Promise.all(unknown.map(own))).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  expect(await valueOf(registry, 'cdc_clock_skew_seconds', { against: 'broker' })).toBeNaN();
});
