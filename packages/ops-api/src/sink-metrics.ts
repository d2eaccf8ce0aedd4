import type { AnyMetricSpec } from '@sluice/runtime';

const LATENCY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300];
const RECORDS_BUCKETS = [1, 5, 10, 50, 100, 500, 1000, 2000, 5000, 10_000];
const SINK = ['sink'] as const;

/** What every sink measures, beside what every service does. */
export const SINK_METRICS = {
  records: {
    type: 'counter',
    name: 'cdc_sink_records_total',
    help: 'Records by result: applied, stale, superseded by a newer record of the same batch, dlq.',
    unit: 'records',
    labels: ['sink', 'database', 'table', 'operation', 'result'],
  },
  skipped: {
    type: 'counter',
    name: 'cdc_sink_skipped_records_total',
    help: 'Records that the sink passed over because its `tables`, `excludeTables` or `operations` do not take them.',
    unit: 'records',
    labels: ['sink', 'database', 'table', 'operation'],
  },
  retries: {
    type: 'counter',
    name: 'cdc_retries_total',
    help: 'Retries by the error code that caused them.',
    unit: 'errors',
    labels: ['sink', 'reason'],
  },
  deadLetters: {
    type: 'counter',
    name: 'cdc_dlq_records_total',
    help: 'Records written to the dead-letter topic, by error code.',
    unit: 'records',
    labels: ['sink', 'reason'],
  },
  replayed: {
    type: 'counter',
    name: 'cdc_dlq_replayed_total',
    help: 'Replayed dead letters by result.',
    unit: 'records',
    labels: ['sink', 'result'],
  },
  rebalances: {
    type: 'counter',
    name: 'cdc_rebalances_total',
    help: 'Times that this member joined its consumer group, including the first.',
    unit: 'events',
    labels: ['group'],
  },
  transitions: {
    type: 'counter',
    name: 'cdc_circuit_breaker_transitions_total',
    help: 'State changes of the circuit breaker, by new state.',
    unit: 'events',
    labels: ['sink', 'to'],
  },
  breaker: {
    type: 'gauge',
    name: 'cdc_circuit_breaker_state',
    help: '1 for the current state of the circuit breaker.',
    unit: '1',
    labels: ['sink', 'state'],
  },
  paused: {
    type: 'gauge',
    name: 'cdc_partitions_paused',
    help: 'Paused partitions by reason.',
    unit: 'partitions',
    labels: ['sink', 'reason'],
  },
  lag: {
    type: 'gauge',
    name: 'cdc_consumer_lag_records',
    help: 'Records of a partition that are not yet applied; no series while the lag is unknown.',
    unit: 'records',
    labels: ['sink', 'topic', 'partition'],
  },
  dataGap: {
    type: 'gauge',
    name: 'cdc_data_gap',
    help: '1 if records of the topic were deleted before this sink had read them; 0 without a topic from the start.',
    unit: '1',
    labels: ['sink', 'topic'],
  },
  heartbeatLatency: {
    type: 'gauge',
    name: 'cdc_heartbeat_latency_seconds',
    help: 'Time from the newest heartbeat at the source to its arrival at this sink.',
    unit: 'seconds',
    labels: SINK,
    start: 'unknown',
  },
  watermark: {
    type: 'gauge',
    name: 'cdc_sink_watermark_timestamp_seconds',
    help: 'Source time up to which every assigned partition is applied, by the newest heartbeat of which that is known.',
    unit: 'seconds',
    labels: SINK,
    start: 'unknown',
  },
  apply: {
    type: 'histogram',
    name: 'cdc_sink_apply_duration_seconds',
    help: 'Duration of one call to the store.',
    unit: 'seconds',
    labels: ['sink', 'result'],
    buckets: LATENCY_BUCKETS,
  },
  batch: {
    type: 'histogram',
    name: 'cdc_sink_batch_records',
    help: 'Records in one call to the store.',
    unit: 'records',
    labels: ['sink', 'result'],
    buckets: RECORDS_BUCKETS,
  },
  latency: {
    type: 'histogram',
    name: 'cdc_end_to_end_latency_seconds',
    help: 'Time from the commit at the source to the answer of the store; one observation per source commit and batch.',
    unit: 'seconds',
    labels: SINK,
    buckets: LATENCY_BUCKETS,
  },
  tableLatency: {
    type: 'gauge',
    name: 'cdc_table_latency_seconds',
    help: 'Newest latency of a table from the commit at the source to the answer of the store; past 200 tables, of the others together.',
    unit: 'seconds',
    labels: ['sink', 'database', 'table'],
  },
} as const satisfies Record<string, AnyMetricSpec>;
