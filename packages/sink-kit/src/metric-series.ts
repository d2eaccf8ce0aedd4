import type { PauseReason, ReplayResult } from '@sluice/ops-api';
import { declareCounter, declareGauge, declareHistogram, type Registry } from '@sluice/runtime';
import type { BreakerState } from './breaker.ts';

const LATENCY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300];
const RECORDS_BUCKETS = [1, 5, 10, 50, 100, 500, 1000, 2000, 5000, 10_000];
const ERROR_CLASSES = ['retryable', 'record', 'schema', 'fatal'] as const;
export const BREAKER_STATES: readonly BreakerState[] = ['closed', 'open', 'halfOpen'];
export const PAUSE_REASONS: readonly PauseReason[] = ['retry', 'breaker', 'schema', 'strict', 'ddl'];

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
      help: 'Records by what became of them: applied, stale, superseded by a newer one of the same batch, dlq.',
      labels: ['sink', 'table', 'op', 'result'],
    }),
    processed: declareCounter(registry, {
      name: 'cdc_records_processed_total',
      help: 'Records that have their outcome.',
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
      help: 'Tries after the first, by the code of the error that made them necessary.',
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
      help: 'Dead letters given to the store once more, by what became of them.',
      labels: ['sink', 'result'],
      initial: REPLAY_RESULTS.map((result) => ({ sink, result })),
    }),
    rebalances: declareCounter(registry, {
      name: 'cdc_rebalances_total',
      help: 'Times that this member joined its consumer group, the first included.',
      labels: ['group'],
      initial: [{ group }],
    }),
    transitions: declareCounter(registry, {
      name: 'cdc_circuit_breaker_transitions_total',
      help: 'Changes of the breaker, by the new state.',
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
      help: '1 for the state that the breaker is in.',
      labels: ['sink', 'state'],
    }),
    paused: declareGauge(registry, {
      name: 'cdc_partitions_paused',
      help: 'Partitions that are not read for now, by reason.',
      labels: ['sink', 'reason'],
      initial: PAUSE_REASONS.map((reason) => ({ sink, reason })),
    }),
    depth: declareGauge(registry, {
      name: 'cdc_dlq_depth',
      help: 'Dead letters that nobody has resolved; every member of the group says the same.',
      labels: ['sink'],
      initial: [{ sink }],
    }),
    lag: declareGauge(registry, {
      name: 'cdc_consumer_lag_records',
      help: 'Records of a partition that are not applied yet.',
      labels: ['sink', 'topic', 'partition'],
    }),
    dataGap: declareGauge(registry, {
      name: 'cdc_data_gap',
      help: '1 when records of the topic were deleted before this sink had read them.',
      labels: ['topic'],
    }),
    heartbeatLatency: declareGauge(registry, {
      name: 'cdc_heartbeat_latency_seconds',
      help: 'From the newest heartbeat at the source to its arrival here.',
      labels: ['sink'],
    }),
    watermark: declareGauge(registry, {
      name: 'cdc_sink_watermark_timestamp_seconds',
      help: 'Source time of the newest heartbeat at a moment when every partition read here was at its end.',
      labels: ['sink'],
    }),
  };
}

/** Durations in seconds, sizes in records. */
export function declareHistograms(registry: Registry) {
  return {
    apply: declareHistogram(registry, {
      name: 'cdc_sink_apply_duration_seconds',
      help: 'Time of one call of the store.',
      labels: ['sink', 'result'],
      buckets: LATENCY_BUCKETS,
    }),
    batch: declareHistogram(registry, {
      name: 'cdc_sink_batch_records',
      help: 'Records in one call of the store.',
      labels: ['sink', 'result'],
      buckets: RECORDS_BUCKETS,
    }),
    latency: declareHistogram(registry, {
      name: 'cdc_end_to_end_latency_seconds',
      help: 'From the commit at the source to the answer of the store; one observation per source commit and batch.',
      labels: ['sink'],
      buckets: LATENCY_BUCKETS,
    }),
  };
}
