import type { AnyMetricSpec } from './metric-spec.ts';

const STAGE_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** What every service measures. */
export const SERVICE_METRICS = {
  buildInfo: {
    type: 'gauge',
    name: 'cdc_build_info',
    help: 'Always 1; the labels carry the versions.',
    unit: '1',
    labels: ['version', 'revision', 'service'],
  },
  configLoaded: {
    type: 'gauge',
    name: 'cdc_config_loaded_timestamp_seconds',
    help: 'When the process has read its configuration; `config` of /status has its hash.',
    unit: 'seconds',
    labels: [],
    start: 'unknown',
  },
  memoryLimit: {
    type: 'gauge',
    name: 'cdc_memory_limit_bytes',
    help: 'Memory that the process may use: the limit of its cgroup, else what the machine has.',
    unit: 'bytes',
    labels: [],
  },
  ready: { type: 'gauge', name: 'cdc_ready', help: '1 while /readyz says yes.', unit: '1', labels: [] },
  components: {
    type: 'gauge',
    name: 'cdc_component_status',
    help: '1 for the status that a component of /health has: ok, degraded, down.',
    unit: '1',
    labels: ['component', 'status'],
  },
  needsOperator: {
    type: 'gauge',
    name: 'cdc_needs_operator',
    help: '1 while the service does no work until a person has ended the error of this code (docs/errors.md).',
    unit: '1',
    labels: ['code'],
  },
  errors: {
    type: 'counter',
    name: 'cdc_errors_total',
    help: 'Errors by class and code.',
    unit: 'errors',
    labels: ['service', 'class', 'reason'],
  },
  processed: {
    type: 'counter',
    name: 'cdc_records_processed_total',
    help: 'Records processed: rows published by capture, records handled by a sink.',
    unit: 'records',
    labels: ['service'],
  },
  stageLatency: {
    type: 'histogram',
    name: 'cdc_stage_latency_seconds',
    help: 'Latency of rows by stage, once per batch. Capture: `receive`, from the commit at the source until capture begins to decode; `decode`, from then until the rows are handed to Kafka; `publish`, until Kafka has committed them. A sink: `fetch`, from the beginning of `decode` of the oldest row of a batch until the sink begins with the batch; `apply`, one call to the store that it answers.',
    unit: 'seconds',
    labels: ['service', 'stage'],
    buckets: STAGE_BUCKETS,
  },
  audit: {
    type: 'counter',
    name: 'cdc_audit_records_total',
    help: 'Operator requests and rejections by result: stored in the audit topic; late, logged first and stored later; dropped, in the log only.',
    unit: 'records',
    labels: ['result'],
  },
  openDeadLetters: {
    type: 'gauge',
    name: 'cdc_dlq_depth',
    help: 'Unresolved dead letters, of capture or of a sink; the same value in every member of a group.',
    unit: 'records',
    labels: ['sink'],
    start: 'unknown',
  },
  httpDuration: {
    type: 'histogram',
    name: 'http_request_duration_seconds',
    help: 'Requests to the ops and metrics ports.',
    unit: 'seconds',
    labels: ['route', 'method', 'status'],
    buckets: [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
  },
  connectionsRefused: {
    type: 'counter',
    name: 'cdc_ops_connections_refused_total',
    help: 'Connections rejected because a client, or all clients together, exceeded the limit.',
    unit: 'requests',
    labels: [],
  },
} as const satisfies Record<string, AnyMetricSpec>;

/** What a service measures that has a pool of connections to its store. */
export const POOL_METRICS = {
  size: {
    type: 'gauge',
    name: 'cdc_sink_pool_size_connections',
    help: 'Most connections to the store: `connections` of the section.',
    unit: 'connections',
    labels: ['sink'],
  },
  inUse: {
    type: 'gauge',
    name: 'cdc_sink_pool_in_use_connections',
    help: 'Connections that a batch or a question uses now.',
    unit: 'connections',
    labels: ['sink'],
  },
  waiting: {
    type: 'gauge',
    name: 'cdc_sink_pool_waiting_requests',
    help: 'Batches and questions that wait for a connection, also while the store does not answer.',
    unit: 'requests',
    labels: ['sink'],
  },
} as const satisfies Record<string, AnyMetricSpec>;
