import { Registry } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { SinkMetrics } from '../src/metrics.ts';

test('every series with a bounded set of labels is there before anything happened', async () => {
  const registry = new Registry();
  new SinkMetrics(registry, 'redis', 'shop.redis');
  const text = await registry.metrics();
  for (const series of [
    'cdc_errors_total{service="sink-redis",class="fatal",reason="DATA_GAP"} 0',
    'cdc_errors_total{service="sink-redis",class="record",reason="RECORD_INVALID"} 0',
    'cdc_retries_total{sink="redis",reason="KAFKA_UNREACHABLE"} 0',
    'cdc_dlq_records_total{sink="redis",reason="RECORD_INVALID"} 0',
    'cdc_data_gap{sink="redis",topic=""} 0',
    'cdc_circuit_breaker_state{sink="redis",state="closed"} 1',
    'cdc_circuit_breaker_state{sink="redis",state="open"} 0',
    'cdc_end_to_end_latency_seconds_count{sink="redis"} 0',
    'cdc_sink_apply_duration_seconds_count{sink="redis",result="error"} 0',
    'cdc_stage_latency_seconds_count{service="sink-redis",stage="fetch"} 0',
    'cdc_stage_latency_seconds_count{service="sink-redis",stage="apply"} 0',
    'cdc_sink_records_total{database="",table="",operation="none",sink="redis",result="applied"} 0',
    'cdc_sink_skipped_records_total{database="",table="",operation="none",sink="redis"} 0',
  ])
    expect(text).toContain(series);
  expect(text).toMatch(/cdc_dlq_depth\{sink="redis"\} nan/i);
  expect(text).toMatch(/cdc_sink_watermark_timestamp_seconds\{sink="redis"\} nan/i);
});
