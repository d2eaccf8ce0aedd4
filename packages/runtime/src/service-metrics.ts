import type { AnyMetricSpec } from './metric-spec.ts';

/** What every service measures. */
export const SERVICE_METRICS = {
  buildInfo: {
    type: 'gauge',
    name: 'cdc_build_info',
    help: 'Always 1; the labels carry the versions.',
    unit: '1',
    labels: ['version', 'revision', 'service'],
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
