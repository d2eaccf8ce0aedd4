import { SINK_METRICS as SPEC, type PauseReason, type ReplayResult } from '@sluice/ops-api';
import {
  declareCounter,
  declareErrors,
  declareGauge,
  declareHistogram,
  errorCodes,
  SERVICE_METRICS,
  type Registry,
} from '@sluice/runtime';
import type { BreakerState } from './breaker.ts';
import type { RecordResult } from './tally.ts';

export const BREAKER_STATES: readonly BreakerState[] = ['closed', 'open', 'halfOpen'];
export const PAUSE_REASONS: readonly PauseReason[] = [
  'retry',
  'breaker',
  'schema',
  'strict',
  'ddl',
  'operator',
];
const RECORD_RESULTS: readonly RecordResult[] = ['applied', 'stale', 'superseded', 'dlq'];
const NO_TABLE = { database: '', table: '', operation: 'none' };
const REPLAY_RESULTS: readonly ReplayResult[] = ['applied', 'stale', 'failed', 'refused', 'gone'];
export const STAGES = ['fetch', 'apply'] as const;
const CALL_RESULTS = ['ok', 'error'] as const;

/** Label value of a breaker's state. */
export function stateLabel(state: BreakerState): string {
  return state === 'halfOpen' ? 'half_open' : state;
}

/** Counters of a sink service: those of a code, of a result, of a state exist with 0 from the start. */
export function declareCounters(registry: Registry, sink: string, service: string, group: string) {
  const ofClass = (errorClass: 'retryable' | 'record') =>
    errorCodes(errorClass).map((reason) => ({ sink, reason }));
  return {
    // Of no table: what is summed over tables begins with 0, not with the first batch.
    records: declareCounter(
      registry,
      SPEC.records,
      RECORD_RESULTS.map((result) => ({ ...NO_TABLE, sink, result })),
    ),
    skipped: declareCounter(registry, SPEC.skipped, [{ ...NO_TABLE, sink }]),
    processed: declareCounter(registry, SERVICE_METRICS.processed, [{ service }]),
    errors: declareErrors(registry, service),
    retries: declareCounter(registry, SPEC.retries, ofClass('retryable')),
    deadLetters: declareCounter(registry, SPEC.deadLetters, ofClass('record')),
    replayed: declareCounter(
      registry,
      SPEC.replayed,
      REPLAY_RESULTS.map((result) => ({ sink, result })),
    ),
    rebalances: declareCounter(registry, SPEC.rebalances, [{ group }]),
    transitions: declareCounter(
      registry,
      SPEC.transitions,
      BREAKER_STATES.map((to) => ({ sink, to: stateLabel(to) })),
    ),
  };
}

/** What is so at this moment. */
export function declareGauges(registry: Registry, sink: string) {
  return {
    breaker: declareGauge(
      registry,
      SPEC.breaker,
      BREAKER_STATES.map((state) => ({ sink, state: stateLabel(state) })),
    ),
    paused: declareGauge(
      registry,
      SPEC.paused,
      PAUSE_REASONS.map((reason) => ({ sink, reason })),
    ),
    depth: declareGauge(registry, SERVICE_METRICS.openDeadLetters, [{ sink }]),
    lag: declareGauge(registry, SPEC.lag),
    dataGap: declareGauge(registry, SPEC.dataGap, [{ sink, topic: '' }]),
    heartbeatLatency: declareGauge(registry, SPEC.heartbeatLatency, [{ sink }]),
    watermark: declareGauge(registry, SPEC.watermark, [{ sink }]),
    tableLatency: declareGauge(registry, SPEC.tableLatency),
  };
}

/** Durations in seconds, sizes in records. */
export function declareHistograms(registry: Registry, sink: string, service: string) {
  const calls = CALL_RESULTS.map((result) => ({ sink, result }));
  return {
    apply: declareHistogram(registry, SPEC.apply, calls),
    batch: declareHistogram(registry, SPEC.batch, calls),
    latency: declareHistogram(registry, SPEC.latency, [{ sink }]),
    stageLatency: declareHistogram(
      registry,
      SERVICE_METRICS.stageLatency,
      STAGES.map((stage) => ({ service, stage })),
    ),
  };
}
