import { expect, test } from 'vitest';
import { parseMetrics } from '../src/metrics-scrape.ts';
import { figuresOf } from '../src/service-reading.ts';

const reading = (at: number, page: string): { at: number; samples: ReturnType<typeof parseMetrics> } => ({
  at,
  samples: parseMetrics(page),
});

test('figures of a sink: rate and latency of the window, sums of the rest', () => {
  const before = reading(
    1000,
    `cdc_records_processed_total{service="sink-redis"} 100
cdc_end_to_end_latency_seconds_bucket{le="0.01"} 0
cdc_end_to_end_latency_seconds_bucket{le="+Inf"} 100`,
  );
  const now = reading(
    3000,
    `cdc_records_processed_total{service="sink-redis"} 300
cdc_end_to_end_latency_seconds_bucket{le="0.01"} 10
cdc_end_to_end_latency_seconds_bucket{le="+Inf"} 110
cdc_consumer_lag_records{topic="a"} 3
cdc_consumer_lag_records{topic="b"} 4
cdc_dlq_records_total{reason="X"} 2
cdc_circuit_breaker_state{state="closed"} 1
cdc_circuit_breaker_state{state="open"} 0
cdc_partitions_paused{reason="retry"} 0`,
  );
  expect(figuresOf(now, before)).toEqual({
    state: 'running',
    records: 300,
    perSecond: 100,
    lagSeconds: undefined,
    waiting: 7,
    p50: 0.005,
    p99: 0.0099,
    deadLetters: 2,
  });
});

test('figures of capture: its state and lag; no rate without an earlier reading', () => {
  const now = reading(
    0,
    `cdc_capture_state{source="s",state="init"} 0
cdc_capture_state{source="s",state="streaming"} 1
cdc_binlog_lag_seconds{source="s"} 1.5
cdc_records_processed_total 7`,
  );
  const figures = figuresOf(now, undefined);
  expect(figures).toMatchObject({ state: 'streaming', lagSeconds: 1.5, records: 7 });
  expect(figures.perSecond).toBeUndefined();
  expect(figures.p50).toBeUndefined();
});

test('an open breaker and paused partitions are a state', () => {
  const state = (page: string): string | undefined => figuresOf(reading(0, page), undefined).state;
  expect(state('cdc_circuit_breaker_state{state="half_open"} 1')).toBe('breaker half_open');
  expect(state('cdc_circuit_breaker_state{state="closed"} 1\ncdc_partitions_paused 2')).toBe('2 paused');
  expect(state('')).toBeUndefined();
});
