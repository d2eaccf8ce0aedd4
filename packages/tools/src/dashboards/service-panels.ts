import type { PanelSpec } from './panel.ts';

const OURS = 'job=~"sluice-.+",pipeline=~"$pipeline"';
const PIPELINE = 'pipeline=~"$pipeline"';
const SINK = `${PIPELINE},sink=~"$sink"`;
const latency = (share: number): string =>
  `histogram_quantile(${share}, sum by (le, sink) (rate(cdc_end_to_end_latency_seconds_bucket{${SINK}}[$__rate_interval])))`;

export const overviewPanels: readonly PanelSpec[] = [
  {
    title: 'Services that answer',
    description: 'Processes whose metrics Prometheus can read. Fewer than you run: alert ServiceDown.',
    unit: 'short',
    kind: 'stat',
    queries: { '{{job}}': `sum by (job) (up{${OURS}})` },
  },
  {
    title: 'Ready',
    description: '1: the service does its work. 0 for five minutes: alert ServiceNotReady.',
    unit: 'short',
    kind: 'stat',
    queries: { '{{job}}': `min by (job) (cdc_ready{${OURS}})` },
  },
  {
    title: 'Open dead letters',
    description: 'Records that a sink could not apply and nobody has decided about.',
    unit: 'short',
    kind: 'stat',
    queries: { '{{sink}}': `max by (sink) (cdc_dlq_depth{${PIPELINE}})` },
  },
  {
    title: 'Alerts',
    description: 'Firing now, by severity; Watchdog is always among them.',
    unit: 'short',
    kind: 'stat',
    queries: { '{{severity}}': 'count by (severity) (ALERTS{alertstate="firing"})' },
  },
  {
    title: 'Binlog lag',
    description: 'How far capture is behind the source. Over 60 s for five minutes: alert HighBinlogLag.',
    unit: 's',
    queries: { '{{source}}': `max by (source) (cdc_binlog_lag_seconds{${PIPELINE}})` },
  },
  {
    title: 'End-to-end latency',
    description: 'From the commit at the source to the answer of the store. 99.9 % are to be below 5 s.',
    unit: 's',
    queries: { '{{sink}} P50': latency(0.5), '{{sink}} P95': latency(0.95), '{{sink}} P99': latency(0.99) },
  },
  {
    title: 'Row changes a second',
    description: 'Published by capture, and applied by each sink.',
    unit: 'ops',
    queries: {
      'capture {{source}}': `cdc_ingest_rate{${PIPELINE}}`,
      '{{sink}}': `cdc_apply_rate{${SINK}}`,
    },
  },
  {
    title: 'Error rate',
    description:
      'Errors among all that a service has handled. Over 1 % for five minutes: alert HighErrorRate.',
    unit: 'percentunit',
    queries: { '{{service}}': `cdc_error_rate{${PIPELINE}}` },
  },
  {
    title: 'Latency of the worst',
    description: 'The larger of the 99th percentile and the age of the newest heartbeat that came through.',
    unit: 's',
    queries: { '{{sink}}': `sync_e2e_latency_seconds{${SINK}}` },
  },
  {
    title: 'Latency budget of the last hour',
    description: 'Share of the changes that took longer than 5 s; 0.1 % are allowed over 30 days.',
    unit: 'percentunit',
    queries: {
      '{{sink}}': `1 - sum by (sink) (rate(cdc_end_to_end_latency_seconds_bucket{${SINK},le="5"}[1h])) / sum by (sink) (rate(cdc_end_to_end_latency_seconds_count{${SINK}}[1h]))`,
    },
  },
];

export const runtimePanels: readonly PanelSpec[] = [
  {
    title: 'CPU',
    description: 'Processors in use; one process uses little more than one.',
    unit: 'short',
    queries: { '{{job}} {{instance}}': `rate(process_cpu_seconds_total{${OURS}}[$__rate_interval])` },
  },
  {
    title: 'Memory',
    description:
      'Resident memory of each process, and what it may use. Over 90 % for five minutes: alert MemoryNearLimit.',
    unit: 'bytes',
    queries: {
      '{{job}} {{instance}}': `process_resident_memory_bytes{${OURS}}`,
      '{{job}} {{instance}} limit': `cdc_memory_limit_bytes{${OURS}}`,
    },
  },
  {
    title: 'JavaScript heap',
    description: 'In use; a saw-tooth is well, a line that only rises is not.',
    unit: 'bytes',
    queries: { '{{job}} {{instance}}': `nodejs_heap_size_used_bytes{${OURS}}` },
  },
  {
    title: 'Event loop lag P99',
    description: 'How long timers wait. Over 0.5 s for five minutes: alert EventLoopBlocked.',
    unit: 's',
    queries: { '{{job}} {{instance}}': `nodejs_eventloop_lag_p99_seconds{${OURS}}` },
  },
  {
    title: 'Garbage collection',
    description: 'Share of the time that is spent on it.',
    unit: 'percentunit',
    queries: {
      '{{job}} {{instance}}': `sum by (job, instance) (rate(nodejs_gc_duration_seconds_sum{${OURS}}[$__rate_interval]))`,
    },
  },
  {
    title: 'Open files and sockets',
    description: 'Over 80 % of the limit for five minutes: alert FileDescriptorsHigh.',
    unit: 'short',
    queries: { '{{job}} {{instance}}': `process_open_fds{${OURS}}` },
  },
  {
    title: 'Connections',
    description:
      'Open TCP connections of each process: to source, Kafka, store, and of clients of its ports.',
    unit: 'short',
    queries: { '{{job}} {{instance}}': `nodejs_active_resources{${OURS},type="TCPSocketWrap"}` },
  },
  {
    title: 'Starts',
    description: 'How often a process began within a quarter of an hour.',
    unit: 'short',
    queries: { '{{job}} {{instance}}': `changes(process_start_time_seconds{${OURS}}[15m])` },
  },
  {
    title: 'Requests to the ops ports',
    description: 'By route and answer.',
    unit: 'ops',
    queries: {
      '{{job}} {{route}} {{status}}': `sum by (job, route, status) (rate(http_request_duration_seconds_count{${OURS}}[$__rate_interval]))`,
    },
  },
  {
    title: 'Versions',
    description: 'Which version each service runs.',
    unit: 'short',
    queries: { '{{service}} {{version}}': `count by (service, version) (cdc_build_info{${OURS}})` },
  },
];
