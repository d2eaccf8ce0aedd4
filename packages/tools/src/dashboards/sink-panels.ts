import type { PanelSpec } from './panel.ts';

const PIPELINE = 'pipeline=~"$pipeline"';
const SINK = `${PIPELINE},sink=~"$sink"`;
const TABLE = `${SINK},table=~"$table"`;
const apply = (share: number): string =>
  `histogram_quantile(${share}, sum by (le, sink) (rate(cdc_sink_apply_duration_seconds_bucket{${SINK}}[$__rate_interval])))`;

export const sinkPanels: readonly PanelSpec[] = [
  {
    title: 'Queries a second',
    description: 'Calls to each store, by how they ended; one call writes a batch.',
    unit: 'ops',
    queries: {
      '{{sink}} {{result}}': `sum by (sink, result) (rate(cdc_sink_apply_duration_seconds_count{${SINK}}[$__rate_interval]))`,
    },
  },
  {
    title: 'Query latency',
    description: 'Duration of one call to the store.',
    unit: 's',
    queries: { '{{sink}} P50': apply(0.5), '{{sink}} P95': apply(0.95), '{{sink}} P99': apply(0.99) },
  },
  {
    title: 'Records a second by result',
    description: 'applied; stale: a newer one was there; superseded: a newer one in the same batch; dlq.',
    unit: 'ops',
    queries: {
      '{{sink}} {{result}}': `sum by (sink, result) (rate(cdc_sink_records_total{${TABLE}}[$__rate_interval]))`,
    },
  },
  {
    title: 'Records a second by table',
    description: 'Records that the store has taken.',
    unit: 'ops',
    queries: {
      '{{sink}} {{table}}': `sum by (sink, table) (rate(cdc_sink_records_total{${TABLE},result="applied"}[$__rate_interval]))`,
    },
  },
  {
    title: 'Records that wait',
    description: 'Over 10,000 for ten minutes: alert ConsumerLagHigh.',
    unit: 'short',
    queries: { '{{sink}}': `sum by (sink) (cdc_consumer_lag_records{${SINK}})` },
  },
  {
    title: 'Age of the newest heartbeat that came through',
    description: 'A second or two, also while the source is quiet. Over 60: alert HeartbeatStale.',
    unit: 's',
    queries: {
      '{{sink}}': `max by (sink) (timestamp(cdc_sink_watermark_timestamp_seconds{${SINK}}) - (cdc_sink_watermark_timestamp_seconds{${SINK}} > 0))`,
    },
  },
  {
    title: 'Records in a call',
    description: 'Half of the calls have more. Near the largest batch: the sink is catching up.',
    unit: 'short',
    queries: {
      '{{sink}}': `histogram_quantile(0.5, sum by (le, sink) (rate(cdc_sink_batch_records_bucket{${SINK}}[$__rate_interval])))`,
    },
  },
  {
    title: 'Errors by code',
    description: 'Within five minutes; what to do stands in docs/errors.md.',
    unit: 'short',
    queries: {
      '{{service}} {{reason}}': `sum by (service, reason) (increase(cdc_errors_total{${PIPELINE},service=~"sink-.+"}[5m])) > 0 or sum by (service) (increase(cdc_errors_total{${PIPELINE},service=~"sink-.+"}[5m])) * 0`,
    },
  },
  {
    title: 'Retries',
    description: 'Calls that were repeated.',
    unit: 'ops',
    queries: { '{{sink}}': `sum by (sink) (rate(cdc_retries_total{${SINK}}[$__rate_interval]))` },
  },
  {
    title: 'Partitions that wait',
    description: 'retry and breaker end by themselves; schema, strict and ddl wait for a person.',
    unit: 'short',
    queries: { '{{sink}} {{reason}}': `sum by (sink, reason) (cdc_partitions_paused{${SINK}})` },
  },
  {
    title: 'Latency by stage, P99',
    description: 'fetch: from capture to the sink, Kafka included. apply: one call to the store.',
    unit: 's',
    queries: {
      '{{service}} {{stage}}': `histogram_quantile(0.99, sum by (le, service, stage) (rate(cdc_stage_latency_seconds_bucket{${PIPELINE},service=~"sink-.+"}[$__rate_interval])))`,
    },
  },
  {
    title: 'Pool of connections',
    description:
      'In use, of how many, and how many batches wait for one: raise `connections` when they always do.',
    unit: 'short',
    queries: {
      '{{sink}} in use': `sum by (sink) (cdc_sink_pool_in_use_connections{${SINK}})`,
      '{{sink}} at most': `sum by (sink) (cdc_sink_pool_size_connections{${SINK}})`,
      '{{sink}} wait': `sum by (sink) (cdc_sink_pool_waiting_requests{${SINK}})`,
    },
  },
  {
    title: 'Connections',
    description: 'Open TCP connections of each process of a sink: its pool, Kafka, and clients of its ports.',
    unit: 'short',
    queries: {
      '{{job}} {{instance}}': `nodejs_active_resources{${PIPELINE},job=~"sluice-sink-.+",type="TCPSocketWrap"}`,
    },
  },
];

export const changePanels: readonly PanelSpec[] = [
  {
    title: 'Open dead letters',
    description: 'Until they are replayed or discarded: `sluice dlq list`.',
    unit: 'short',
    queries: { '{{sink}}': `max by (sink) (cdc_dlq_depth{${PIPELINE}})` },
  },
  {
    title: 'New dead letters',
    description: 'Within five minutes, by error code.',
    unit: 'short',
    queries: {
      '{{sink}} {{reason}}': `sum by (sink, reason) (increase(cdc_dlq_records_total{${SINK}}[5m]))`,
    },
  },
  {
    title: 'Replays',
    description: 'Within five minutes, by what came of them.',
    unit: 'short',
    queries: {
      '{{sink}} {{result}}': `sum by (sink, result) (increase(cdc_dlq_replayed_total{${SINK}}[5m]))`,
    },
  },
  {
    title: 'Statements that changed tables',
    description: 'Within an hour, by class; `sluice ddl history` has them all.',
    unit: 'short',
    queries: { '{{class}}': `sum by (class) (increase(cdc_ddl_events_total{${PIPELINE}}[1h]))` },
  },
  {
    title: 'Alerts of changed tables',
    description: 'Until they are cleared: `sluice ddl alerts`.',
    unit: 'short',
    queries: { '{{source}}': `max by (source) (cdc_ddl_unacknowledged{${PIPELINE}})` },
  },
  {
    title: 'Partitions that wait for a person',
    description: 'By reason: schema, strict, ddl.',
    unit: 'short',
    queries: {
      '{{sink}} {{reason}}': `sum by (sink, reason) (cdc_partitions_paused{${SINK},reason=~"schema|strict|ddl"})`,
    },
  },
  {
    title: 'Gaps',
    description: '1: records of a topic were deleted before the sink had read them.',
    unit: 'short',
    queries: {
      '{{job}}': `max by (job) (cdc_data_gap{${PIPELINE}}) or 0 * max by (job) (up{${PIPELINE},job=~"sluice-sink-.+"})`,
    },
  },
];
