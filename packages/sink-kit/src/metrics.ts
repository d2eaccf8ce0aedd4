import {
  declareCounter,
  declareGauge,
  declareHistogram,
  type Counter,
  type Gauge,
  type Histogram,
  type PipelineError,
  type Registry,
} from '@sluice/runtime';
import type { BreakerState } from './breaker.ts';
import type { BatchTally } from './tally.ts';
import type { PauseReason } from './pauses.ts';

const LATENCY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300];
const RECORDS_BUCKETS = [1, 5, 10, 50, 100, 500, 1000, 2000, 5000, 10_000];
const BREAKER_STATES: readonly BreakerState[] = ['closed', 'open', 'halfOpen'];
const PAUSE_REASONS: readonly PauseReason[] = ['retry', 'breaker', 'schema'];
const ERROR_CLASSES = ['retryable', 'record', 'schema', 'fatal'] as const;

/** Series of a sink service. Everything is counted per batch: `tally` is the only one that saw the rows. */
export class SinkMetrics {
  readonly #sink: string;
  readonly #service: string;
  readonly #records: Counter<'sink' | 'table' | 'op' | 'result'>;
  readonly #processed: Counter<'service'>;
  readonly #errors: Counter<'service' | 'class' | 'reason'>;
  readonly #retries: Counter<'sink' | 'reason'>;
  readonly #deadLetters: Counter<'sink' | 'reason'>;
  readonly #rebalances: Counter<'group'>;
  readonly #transitions: Counter<'sink' | 'to'>;
  readonly #breaker: Gauge<'sink' | 'state'>;
  readonly #paused: Gauge<'sink' | 'reason'>;
  readonly #lag: Gauge<'sink' | 'topic' | 'partition'>;
  readonly #dataGap: Gauge<'topic'>;
  readonly #heartbeatLatency: Gauge<'sink'>;
  readonly #watermark: Gauge<'sink'>;
  readonly #apply: Histogram<'sink' | 'result'>;
  readonly #batch: Histogram<'sink' | 'result'>;
  readonly #latency: Histogram<'sink'>;

  constructor(registry: Registry, sink: string, group: string) {
    this.#sink = sink;
    this.#service = `sink-${sink}`;
    const service = this.#service;
    this.#records = declareCounter(registry, {
      name: 'cdc_sink_records_total',
      help: 'Records by what became of them: applied, stale, superseded by a newer one of the same batch, dlq.',
      labels: ['sink', 'table', 'op', 'result'],
    });
    this.#processed = declareCounter(registry, {
      name: 'cdc_records_processed_total',
      help: 'Records that have their outcome.',
      labels: ['service'],
      initial: [{ service }],
    });
    this.#errors = declareCounter(registry, {
      name: 'cdc_errors_total',
      help: 'Errors by class and code.',
      labels: ['service', 'class', 'reason'],
      initial: ERROR_CLASSES.map((errorClass) => ({ service, class: errorClass, reason: 'none' })),
    });
    this.#retries = declareCounter(registry, {
      name: 'cdc_retries_total',
      help: 'Tries after the first, by the code of the error that made them necessary.',
      labels: ['sink', 'reason'],
      initial: [{ sink, reason: 'none' }],
    });
    this.#deadLetters = declareCounter(registry, {
      name: 'cdc_dlq_records_total',
      help: 'Records written to the dead-letter topic, by error code.',
      labels: ['sink', 'reason'],
      initial: ['RECORD_INVALID', 'RECORD_UNKNOWN_MAJOR'].map((reason) => ({ sink, reason })),
    });
    this.#rebalances = declareCounter(registry, {
      name: 'cdc_rebalances_total',
      help: 'Times that this member joined its consumer group, the first included.',
      labels: ['group'],
      initial: [{ group }],
    });
    this.#transitions = declareCounter(registry, {
      name: 'cdc_circuit_breaker_transitions_total',
      help: 'Changes of the breaker, by the new state.',
      labels: ['sink', 'to'],
      initial: BREAKER_STATES.map((to) => ({ sink, to: stateLabel(to) })),
    });
    this.#breaker = declareGauge(registry, {
      name: 'cdc_circuit_breaker_state',
      help: '1 for the state that the breaker is in.',
      labels: ['sink', 'state'],
    });
    this.#paused = declareGauge(registry, {
      name: 'cdc_partitions_paused',
      help: 'Partitions that are not read for now, by reason.',
      labels: ['sink', 'reason'],
      initial: PAUSE_REASONS.map((reason) => ({ sink, reason })),
    });
    this.#lag = declareGauge(registry, {
      name: 'cdc_consumer_lag_records',
      help: 'Records of a partition that are not applied yet.',
      labels: ['sink', 'topic', 'partition'],
    });
    this.#dataGap = declareGauge(registry, {
      name: 'cdc_data_gap',
      help: '1 when records of the topic were deleted before this sink had read them.',
      labels: ['topic'],
    });
    this.#heartbeatLatency = declareGauge(registry, {
      name: 'cdc_heartbeat_latency_seconds',
      help: 'From the newest heartbeat at the source to its arrival here.',
      labels: ['sink'],
    });
    this.#watermark = declareGauge(registry, {
      name: 'cdc_sink_watermark_timestamp_seconds',
      help: 'Source time of the newest heartbeat seen while no partition was paused.',
      labels: ['sink'],
    });
    this.#apply = declareHistogram(registry, {
      name: 'cdc_sink_apply_duration_seconds',
      help: 'Time of one call of the store.',
      labels: ['sink', 'result'],
      buckets: LATENCY_BUCKETS,
    });
    this.#batch = declareHistogram(registry, {
      name: 'cdc_sink_batch_records',
      help: 'Records in one call of the store.',
      labels: ['sink', 'result'],
      buckets: RECORDS_BUCKETS,
    });
    this.#latency = declareHistogram(registry, {
      name: 'cdc_end_to_end_latency_seconds',
      help: 'From the commit at the source to the answer of the store; one observation per source commit and batch.',
      labels: ['sink'],
      buckets: LATENCY_BUCKETS,
    });
    for (const state of BREAKER_STATES)
      this.#breaker.set({ sink, state: stateLabel(state) }, state === 'closed' ? 1 : 0);
  }

  /** One call of the store has ended. */
  written(records: number, seconds: number, result: 'ok' | 'error'): void {
    const labels = { sink: this.#sink, result };
    this.#apply.observe(labels, seconds);
    this.#batch.observe(labels, records);
  }

  /** A step is complete: adds what its tally has gathered. */
  add(tally: BatchTally): void {
    const sink = this.#sink;
    for (const { table, op, result, count } of tally.counts())
      this.#records.inc({ sink, table, op, result }, count);
    this.#processed.inc({ service: this.#service }, tally.records);
    for (const milliseconds of tally.latenciesMs) this.#latency.observe({ sink }, milliseconds / 1000);
  }

  error(error: PipelineError): void {
    this.#errors.inc({ service: this.#service, class: error.errorClass, reason: error.code });
  }

  retry(error: PipelineError): void {
    this.#retries.inc({ sink: this.#sink, reason: error.code });
  }

  deadLetter(error: PipelineError): void {
    this.#deadLetters.inc({ sink: this.#sink, reason: error.code });
  }

  rebalanced(group: string): void {
    this.#rebalances.inc({ group });
  }

  breaker(state: BreakerState): void {
    for (const each of BREAKER_STATES) {
      this.#breaker.set({ sink: this.#sink, state: stateLabel(each) }, each === state ? 1 : 0);
    }
    this.#transitions.inc({ sink: this.#sink, to: stateLabel(state) });
  }

  paused(counts: ReadonlyMap<PauseReason, number>): void {
    for (const reason of PAUSE_REASONS)
      this.#paused.set({ sink: this.#sink, reason }, counts.get(reason) ?? 0);
  }

  lag(partitions: readonly { topic: string; partition: number; records: number }[]): void {
    this.#lag.reset();
    for (const { topic, partition, records } of partitions)
      this.#lag.set({ sink: this.#sink, topic, partition }, records);
  }

  dataGap(topic: string): void {
    this.#dataGap.set({ topic }, 1);
  }

  heartbeat(sourceMs: number, nowMs: number, caughtUp: boolean): void {
    this.#heartbeatLatency.set({ sink: this.#sink }, Math.max(0, nowMs - sourceMs) / 1000);
    if (caughtUp) this.#watermark.set({ sink: this.#sink }, sourceMs / 1000);
  }
}

function stateLabel(state: BreakerState): string {
  return state === 'halfOpen' ? 'half_open' : state;
}
