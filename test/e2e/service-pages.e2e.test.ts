import { totalmem } from 'node:os';
import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { testScope } from '../harness/scope.ts';
import { metricSum, page } from '../harness/processes/service-pages.ts';
import {
  SINK_SERVICES,
  SinkPipeline,
  type PipelineProcess,
  type SinkName,
} from '../harness/pipelines/sink-pipeline.ts';
import { SteadyWriter } from '../harness/workloads/steady-writer.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

test('while rows flow every service says so on its pages', async () => {
  const pipeline = await SinkPipeline.withTables(testScope(), stack, 'pages', [
    'CREATE TABLE items (id INT NOT NULL PRIMARY KEY, version INT NOT NULL)',
  ]);
  const [capture, ...sinks] = await pipeline.start('capture', ...SINK_SERVICES);
  await eventually('the snapshot of the empty table', () =>
    hasSnapshot(pipeline, capture as PipelineProcess),
  );
  const writer = new SteadyWriter(pipeline.database, ['items']);
  for (const { metricsUrl } of sinks) await eventually('a change applied', () => hasTimedChange(metricsUrl));
  await expectCapturePages(pipeline, capture as PipelineProcess);
  for (const sink of sinks) await expectSinkPages(pipeline, sink);
  for (const { opsUrl, metricsUrl } of [capture as PipelineProcess, ...sinks])
    await expectConfig(opsUrl, metricsUrl);
  await writer.stop();
  const rows = await pipeline.database.rows('SELECT SUM(version) AS changes FROM items');
  await expectAllCounted(pipeline, capture as PipelineProcess, Number(rows[0]?.['changes']));
});

async function hasSnapshot(pipeline: SinkPipeline, { opsUrl }: PipelineProcess): Promise<boolean> {
  const { body } = await page(`${opsUrl}/status`);
  const { snapshot } = body as { snapshot: Readonly<Record<string, { readonly state: string }>> };
  return snapshot[`${pipeline.name}.items`]?.state === 'done';
}

/** Whether a sink has applied a change of the stream: rows of the snapshot, which may come first, have no latency. */
async function hasTimedChange(metricsUrl: string): Promise<boolean> {
  const { text } = await page(metricsUrl);
  return metricSum(text, 'cdc_end_to_end_latency_seconds_count', {}) > 0;
}

/** An insert has version 1, each update one more; the table was empty when its snapshot was taken. */
async function expectAllCounted(
  pipeline: SinkPipeline,
  { metricsUrl }: PipelineProcess,
  changes: number,
): Promise<void> {
  const table = { database: pipeline.name, table: 'items' };
  await eventually(`${changes} changes to be counted`, async () => {
    const { text } = await page(metricsUrl);
    const read = metricSum(text, 'cdc_capture_events_total', table);
    const published = metricSum(text, 'cdc_records_processed_total', { service: 'capture' });
    return read === changes && published === changes;
  });
}

async function expectCapturePages(pipeline: SinkPipeline, capture: PipelineProcess): Promise<void> {
  const { opsUrl, metricsUrl } = capture;
  await expectHealthy(opsUrl, ['stream', 'kafka', 'ddl', 'tables', 'rows', 'source', 'audit', 'operator'], {
    state: 'streaming',
  });
  const { body: status } = await page(`${opsUrl}/status`);
  expect(status).toMatchObject({
    pipeline: pipeline.name,
    source: pipeline.name,
    state: 'streaming',
    stream: {
      file: expect.stringMatching(/\.\d{6}$/) as string,
      generation: 1,
      highestSequence: expect.stringMatching(/^001\d{16}$/) as string,
      transactions: expect.any(Number) as number,
    },
    snapshot: { [`${pipeline.name}.items`]: { state: 'done' } },
    cdc: { ingestTPS: expect.toSatisfy((rows) => rows > 0) as number, errorRate: 0 },
    lastError: null,
  });
  const logged = capture.process.log.filter(({ event }) => event === 'capture.state').map(({ msg }) => msg);
  const start = ['checking', 'fencing', 'restoring', 'streaming'].map((state) => `capture: ${state}`);
  expect(logged.slice(0, start.length)).toEqual(start);
  expect(logged.at(-1)).toBe('capture: streaming');
  const { text } = await page(metricsUrl);
  const source = pipeline.name;
  expect(metricSum(text, 'cdc_capture_state', { source, state: 'streaming' })).toBe(1);
  expect(metricSum(text, 'cdc_capture_state', { source })).toBe(1);
  expect(metricSum(text, 'cdc_source_connected', { source })).toBe(1);
  expect(metricSum(text, 'cdc_source_generation', { source })).toBe(1);
  expect(metricSum(text, 'cdc_binlog_lag_seconds', { source })).toBeLessThan(10);
  for (const stage of ['receive', 'decode', 'publish'])
    expect(metricSum(text, 'cdc_stage_latency_seconds_count', { service: 'capture', stage })).toBeGreaterThan(
      0,
    );
  const checkpoint = metricSum(text, 'cdc_checkpoint_last_success_timestamp_seconds', { source });
  expect(Date.now() / 1000 - checkpoint).toBeLessThan(30);
}

async function expectSinkPages(pipeline: SinkPipeline, process: PipelineProcess): Promise<void> {
  const { opsUrl, metricsUrl, name } = process;
  const sink = name.replace('sink-', '') as SinkName;
  await expectHealthy(opsUrl, ['store', 'consumer', 'breaker', 'tables', 'partitions', 'audit', 'operator']);
  const status = await eventually('a heartbeat and the lag', async () => {
    const { body } = await page(`${opsUrl}/status`);
    const { heartbeat, lag } = body as { heartbeat: unknown; lag: { partitions: unknown[] } };
    return heartbeat !== null && lag.partitions.length > 0 && body;
  });
  expect(status).toMatchObject({
    sink,
    group: `${pipeline.name}.${sink}`,
    phase: 'running',
    breaker: 'closed',
    records: { deadLetters: 0 },
    cdc: { applyTPS: expect.toSatisfy((rows) => rows > 0) as number, errorRate: 0 },
    paused: [],
    lastError: null,
  });
  // Known once every partition was read to its end after a heartbeat.
  await eventually('a watermark', async () => {
    const { text } = await page(metricsUrl);
    return metricSum(text, 'cdc_sink_watermark_timestamp_seconds', { sink }) > 0;
  });
  const { text } = await page(metricsUrl);
  const sum = (metric: string, labels: Readonly<Record<string, string>>): number =>
    metricSum(text, metric, labels);
  const appliedRows = sum('cdc_sink_records_total', { sink, result: 'applied' });
  expect(appliedRows).toBeGreaterThan(0);
  expect(sum('cdc_records_processed_total', { service: name })).toBeGreaterThanOrEqual(appliedRows);
  expect(sum('cdc_end_to_end_latency_seconds_count', { sink })).toBeGreaterThan(0);
  expect(sum('cdc_sink_apply_duration_seconds_count', { sink, result: 'ok' })).toBeGreaterThan(0);
  for (const stage of ['fetch', 'apply'])
    expect(sum('cdc_stage_latency_seconds_count', { service: name, stage })).toBeGreaterThan(0);
  if (sink === 'mysql') expect(sum('cdc_sink_pool_size_connections', { sink })).toBeGreaterThan(0);
  expect(sum('cdc_circuit_breaker_state', { sink, state: 'closed' })).toBe(1);
  expect(sum('cdc_circuit_breaker_state', { sink })).toBe(1);
  expect(sum('cdc_dlq_records_total', { sink })).toBe(0);
  expect(sum('cdc_partitions_paused', { sink })).toBe(0);
  expect(sum('cdc_rebalances_total', { group: `${pipeline.name}.${sink}` })).toBeGreaterThan(0);
  // Series that alerts look at are there before anything has gone wrong.
  for (const rare of ['cdc_dlq_records_total', 'cdc_retries_total', 'cdc_errors_total'])
    expect(text).toContain(`\n${rare}{`);
  expect(Date.now() / 1000 - sum('cdc_sink_watermark_timestamp_seconds', { sink })).toBeLessThan(30);
}

/** By which configuration a process runs, and what memory it has: the same time on both pages, of this test. */
async function expectConfig(opsUrl: string, metricsUrl: string): Promise<void> {
  const { body } = await page(`${opsUrl}/status`);
  const { config } = body as { config: { readonly hash: string; readonly loadedAt: string } };
  expect(config.hash).toMatch(/^[0-9a-f]{64}$/);
  const { text } = await page(metricsUrl);
  const loadedAt = metricSum(text, 'cdc_config_loaded_timestamp_seconds', {});
  expect(loadedAt).toBe(Date.parse(config.loadedAt) / 1000);
  expect(Date.now() / 1000 - loadedAt).toBeLessThan(120);
  const limit = metricSum(text, 'cdc_memory_limit_bytes', {});
  expect(limit).toBeGreaterThan(metricSum(text, 'process_resident_memory_bytes', {}));
  expect(limit).toBeLessThanOrEqual(totalmem());
}

async function expectHealthy(
  opsUrl: string,
  components: readonly string[],
  more: { readonly state?: string } = {},
): Promise<void> {
  for (const path of ['/livez', '/readyz']) {
    expect(await page(`${opsUrl}${path}`)).toMatchObject({ status: 200, body: { status: 'ok' } });
  }
  const { status, body } = await page(`${opsUrl}/health`);
  const ok = expect.objectContaining({ status: 'ok' }) as object;
  const all = Object.fromEntries(components.map((name) => [name, ok]));
  expect({ status, body }).toEqual({
    status: 200,
    body: { status: 'ok', ready: true, ...more, components: all },
  });
}
