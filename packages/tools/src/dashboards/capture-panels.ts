import type { PanelSpec } from './panel.ts';

const SOURCE = 'pipeline=~"$pipeline"';
const SINK = 'pipeline=~"$pipeline",sink=~"$sink"';
const TABLE = `${SOURCE},table=~"$table"`;
const quantile = (share: number, series: string, by = 'le'): string =>
  `histogram_quantile(${share}, sum by (${by}) (rate(${series}[$__rate_interval])))`;

export const capturePanels: readonly PanelSpec[] = [
  {
    title: 'Reads the binlog',
    description: '1 while it does. 0 for a minute: alert SourceDisconnected.',
    unit: 'short',
    kind: 'stat',
    queries: { '{{source}}': `max by (source) (cdc_source_connected{${SOURCE}})` },
  },
  {
    title: 'State',
    description: 'The state that capture is in.',
    unit: 'short',
    kind: 'stat',
    queries: { '{{state}}': `max by (state) (cdc_capture_state{${SOURCE}}) == 1` },
  },
  {
    title: 'Alerts of changed tables',
    description: 'Not cleared yet: `sluice ddl alerts`.',
    unit: 'short',
    kind: 'stat',
    queries: { '{{source}}': `max by (source) (cdc_ddl_unacknowledged{${SOURCE}})` },
  },
  {
    title: 'Age of the checkpoint',
    description: 'Some seconds. Over two minutes while it streams: alert CheckpointStale.',
    unit: 's',
    kind: 'stat',
    queries: {
      '{{source}}': `max by (source) (timestamp(cdc_checkpoint_last_success_timestamp_seconds{${SOURCE}}) - cdc_checkpoint_last_success_timestamp_seconds{${SOURCE}})`,
    },
  },
  {
    title: 'Binlog lag',
    description: 'Age of the last event that was handled; 0 at the end of the binlog.',
    unit: 's',
    queries: { '{{source}}': `max by (source) (cdc_binlog_lag_seconds{${SOURCE}})` },
  },
  {
    title: 'Row changes a second by table',
    description: 'Published to Kafka.',
    unit: 'ops',
    queries: {
      '{{table}}': `sum by (table) (rate(cdc_capture_events_total{${TABLE}}[$__rate_interval]))`,
    },
  },
  {
    title: 'Transactions a second',
    description: 'Of the source, as capture has read them.',
    unit: 'ops',
    queries: {
      '{{source}}': `sum by (source) (rate(cdc_capture_transactions_total{${SOURCE}}[$__rate_interval]))`,
    },
  },
  {
    title: 'Duration of a Kafka transaction',
    description: 'Rows and checkpoint of one batch. P99 over a second: alert KafkaProduceSlow.',
    unit: 's',
    queries: {
      P50: quantile(0.5, `cdc_kafka_produce_duration_seconds_bucket{${SOURCE}}`),
      P95: quantile(0.95, `cdc_kafka_produce_duration_seconds_bucket{${SOURCE}}`),
      P99: quantile(0.99, `cdc_kafka_produce_duration_seconds_bucket{${SOURCE}}`),
    },
  },
  {
    title: 'Latency by stage, P99',
    description:
      'receive: from the commit until capture begins with it. decode: until its rows are handed to Kafka. publish: until Kafka has them.',
    unit: 's',
    queries: {
      '{{stage}}': quantile(
        0.99,
        `cdc_stage_latency_seconds_bucket{${SOURCE},service="capture"}`,
        'le, stage',
      ),
    },
  },
  {
    title: 'Row changes that are not published',
    description:
      'By why: outside of `where`, not among `operations`, of no captured table, published before a restart.',
    unit: 'ops',
    queries: {
      '{{reason}}': `sum by (reason) (rate(cdc_capture_rows_skipped_total{${SOURCE}}[$__rate_interval]))`,
    },
  },
  {
    title: 'Position in the binlog file',
    description: 'It falls at each new file.',
    unit: 'bytes',
    queries: { '{{source}}': `max by (source) (cdc_binlog_position_bytes{${SOURCE}})` },
  },
  {
    title: 'Queue before the decoder',
    description: 'Bytes that were read and wait. Full: Kafka or the processor is the limit.',
    unit: 'bytes',
    queries: { '{{stage}}': `max by (stage) (cdc_queue_bytes{${SOURCE}})` },
  },
  {
    title: 'Breaks of the stream',
    description: 'By error code, within five minutes.',
    unit: 'short',
    queries: {
      // A code has no series before its first break: without one, 0.
      '{{reason}}': `sum by (reason) (increase(cdc_capture_disconnects_total{${SOURCE}}[5m])) or 0 * max(cdc_source_connected{${SOURCE}})`,
    },
  },
];

export const kafkaPanels: readonly PanelSpec[] = [
  {
    title: 'Records a second by topic',
    description: 'Written by capture.',
    unit: 'ops',
    queries: {
      '{{topic}}': `sum by (topic) (rate(cdc_kafka_produced_records_total{${SOURCE}}[$__rate_interval]))`,
    },
  },
  {
    title: 'Records that wait, by topic',
    description: 'In Kafka and not yet in the store.',
    unit: 'short',
    queries: { '{{sink}} {{topic}}': `sum by (sink, topic) (cdc_consumer_lag_records{${SINK}})` },
  },
  {
    title: 'Components that are down',
    description: 'What /health calls down: `kafka`, `store`, `consumer`, …',
    unit: 'short',
    queries: {
      '{{job}} {{component}}': `max by (job, component) (cdc_component_status{${SOURCE},status="down"})`,
    },
  },
  {
    title: 'Circuit breaker open',
    description: '1 while nothing is written to the store.',
    unit: 'short',
    queries: { '{{sink}}': `max by (sink) (cdc_circuit_breaker_state{${SINK},state="open"})` },
  },
  {
    title: 'Calls to the stores, P99',
    description: 'One call writes a batch. Over 200 ms for five minutes: alert HighQueryLatency.',
    unit: 's',
    queries: {
      '{{sink}}': quantile(0.99, `cdc_sink_apply_duration_seconds_bucket{${SINK}}`, 'le, sink'),
    },
  },
  {
    title: 'Joins of the consumer groups',
    description: 'Within ten minutes. Many: alert RebalanceStorm.',
    unit: 'short',
    queries: { '{{group}}': `sum by (group) (increase(cdc_rebalances_total{${SOURCE}}[10m]))` },
  },
  {
    title: 'Audit records',
    description: 'Orders and refusals: stored in Kafka, stored late, or in the log only.',
    unit: 'ops',
    queries: {
      '{{job}} {{result}}': `sum by (job, result) (rate(cdc_audit_records_total{${SOURCE}}[$__rate_interval]))`,
    },
  },
];
