import type { PauseReason, ReplayResult } from '@sluice/ops-api';
import { declareCounter, declareGauge, declareHistogram, type Registry } from '@sluice/runtime';
import type { BreakerState } from './breaker.ts';

const LATENCY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300];
const RECORDS_BUCKETS = [1, 5, 10, 50, 100, 500, 1000, 2000, 5000, 10_000];
const ERROR_CLASSES = ['retryable', 'record', 'schema', 'fatal'] as const;
export const BREAKER_STATES: readonly BreakerState[] = ['closed', 'open', 'halfOpen'];
export const PAUSE_REASONS: readonly PauseReason[] = [
  'retry',
  'breaker',
  'schema',
  'strict',
  'ddl',
  'operator',
];

const REPLAY_RESULTS: readonly ReplayResult[] = ['applied', 'stale', 'failed', 'refused', 'gone'];

/** Label value of a breaker's state. */
export function stateLabel(state: BreakerState): string {
  return state === 'halfOpen' ? 'half_open' : state;
}

/** Counters of a sink service; rare ones exist with 0 from the start. */
export function declareCounters(registry: Registry, sink: string, service: string, group: string) {
  return {
    records: declareCounter(registry, {
      name: 'cdc_sink_records_total',
      help: 'Records by result: applied, stale, superseded by a newer record of the same batch, dlq.',
      labels: ['sink', 'table', 'op', 'result'],
    }),
    processed: declareCounter(registry, {
      name: 'cdc_records_processed_total',
      help: 'Records processed.',
      labels: ['service'],
      initial: [{ service }],
    }),
    errors: declareCounter(registry, {
      name: 'cdc_errors_total',
      help: 'Errors by class and code.',
      labels: ['service', 'class', 'reason'],
      initial: ERROR_CLASSES.map((errorClass) => ({ service, class: errorClass, reason: 'none' })),
    }),
    retries: declareCounter(registry, {
      name: 'cdc_retries_total',
      help: 'Retries by the error code that caused them.',
      labels: ['sink', 'reason'],
      initial: [{ sink, reason: 'none' }],
    }),
    deadLetters: declareCounter(registry, {
      name: 'cdc_dlq_records_total',
      help: 'Records written to the dead-letter topic, by error code.',
      labels: ['sink', 'reason'],
      initial: ['RECORD_INVALID', 'RECORD_UNKNOWN_MAJOR'].map((reason) => ({ sink, reason })),
    }),
    replayed: declareCounter(registry, {
      name: 'cdc_dlq_replayed_total',
      help: 'Replayed dead letters by result.',
      labels: ['sink', 'result'],
      initial: REPLAY_RESULTS.map((result) => ({ sink, result })),
    }),
    rebalances: declareCounter(registry, {
      name: 'cdc_rebalances_total',
      help: 'Times that this member joined its consumer group, including the first.',
      labels: ['group'],
      initial: [{ group }],
    }),
    transitions: declareCounter(registry, {
      name: 'cdc_circuit_breaker_transitions_total',
      help: 'State changes of the circuit breaker, by new state.',
      labels: ['sink', 'to'],
      initial: BREAKER_STATES.map((to) => ({ sink, to: stateLabel(to) })),
    }),
  };
}

/** What is so at this moment. */
export function declareGauges(registry: Registry, sink: string) {
  return {
    breaker: declareGauge(registry, {
      name: 'cdc_circuit_breaker_state',
      help: '1 for the current state of the circuit breaker.',
      labels: ['sink', 'state'],
    }),
    paused: declareGauge(registry, {
      name: 'cdc_partitions_paused',
      help: 'Paused partitions by reason.',
      labels: ['sink', 'reason'],
      initial: PAUSE_REASONS.map((reason) => ({ sink, reason })),
    }),
    depth: declareGauge(registry, {
      name: 'cdc_dlq_depth',
      help: 'Unresolved dead letters; the same value in every member of the group.',
      labels: ['sink'],
      initial: [{ sink }],
    }),
    lag: declareGauge(registry, {
      name: 'cdc_consumer_lag_records',
      help: 'Records of a partition that are not yet applied.',
      labels: ['sink', 'topic', 'partition'],
    }),
    dataGap: declareGauge(registry, {
      name: 'cdc_data_gap',
      help: '1 if records of the topic were deleted before this sink had read them.',
      labels: ['topic'],
    }),
    heartbeatLatency: declareGauge(registry, {
      name: 'cdc_heartbeat_latency_seconds',
      help: 'Time from the newest heartbeat at the source to its arrival at this sink.',
      labels: ['sink'],
    }),
    watermark: declareGauge(registry, {
      name: 'cdc_sink_watermark_timestamp_seconds',
      help: 'Source time of the newest heartbeat at which every assigned partition was fully read.',
      labels: ['sink'],
    }),
  };
}

/** Durations in seconds, sizes in records. */
export function declareHistograms(registry: Registry) {
  return {
    apply: declareHistogram(registry, {
      name: 'cdc_sink_apply_duration_seconds',
      help: 'Duration of one call to the store.',
      labels: ['sink', 'result'],
      buckets: LATENCY_BUCKETS,
    }),
    batch: declareHistogram(registry, {
      name: 'cdc_sink_batch_records',
      help: 'Records in one call to the store.',
      labels: ['sink', 'result'],
      buckets: RECORDS_BUCKETS,
    }),
    latency: declareHistogram(registry, {
      name: 'cdc_end_to_end_latency_seconds',
      help: 'Time from the commit at the source to the answer of the store; one observation per source commit and batch.',
      labels: ['sink'],
      buckets: LATENCY_BUCKETS,
    }),
  };
}
