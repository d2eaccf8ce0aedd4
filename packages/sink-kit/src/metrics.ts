import { tableId } from '@sluice/envelope';
import type { PauseReason, ReplayResult } from '@sluice/ops-api';
import { RecentRates, type PipelineError, type Registry } from '@sluice/runtime';
import type { BreakerState } from './breaker.ts';
import {
  BREAKER_STATES,
  declareCounters,
  declareGauges,
  declareHistograms,
  PAUSE_REASONS,
  stateLabel,
  type STAGES,
} from './metric-series.ts';
import type { SkippedRecords } from './skipped-records.ts';
import type { BatchTally } from './tally.ts';

const TABLES_MAX = 200;
const OTHER_TABLES = { database: 'other', table: 'other' };

/** What a sink service counts and measures, per batch: only `BatchTally` has seen the rows. */
export class SinkMetrics {
  readonly #sink: string;
  readonly #service: string;
  readonly #counters: ReturnType<typeof declareCounters>;
  readonly #gauges: ReturnType<typeof declareGauges>;
  readonly #histograms: ReturnType<typeof declareHistograms>;
  readonly rates = new RecentRates();
  /** Those with a latency of their own. */
  readonly #tables = new Set<string>();

  constructor(registry: Registry, sink: string, group: string) {
    this.#sink = sink;
    this.#service = `sink-${sink}`;
    this.#counters = declareCounters(registry, sink, this.#service, group);
    this.#gauges = declareGauges(registry, sink);
    this.#histograms = declareHistograms(registry, sink, this.#service);
    this.#setBreaker('closed');
  }

  /** One call of the store has ended. */
  written(records: number, seconds: number, result: 'ok' | 'error'): void {
    const labels = { sink: this.#sink, result };
    this.#histograms.apply.observe(labels, seconds);
    this.#histograms.batch.observe(labels, records);
    if (result === 'ok') this.#stage('apply', seconds);
  }

  /** A batch is begun: `milliseconds` after capture began with its oldest record, by both clocks. */
  fetched(milliseconds: number): void {
    this.#stage('fetch', Math.max(0, milliseconds) / 1000);
  }

  #stage(stage: (typeof STAGES)[number], seconds: number): void {
    this.#histograms.stageLatency.observe({ service: this.#service, stage }, seconds);
  }

  /** A step is complete: adds what its tally has gathered. */
  add(tally: BatchTally): void {
    const sink = this.#sink;
    let applied = 0;
    for (const { database, table, operation, result, count, latencyMs } of tally.counts()) {
      this.#counters.records.inc({ sink, database, table, operation, result }, count);
      if (result === 'applied') applied += count;
      if (latencyMs !== null) this.#tableLatency(database, table, latencyMs);
    }
    this.#counters.processed.inc({ service: this.#service }, tally.records);
    this.rates.add(tally.records, applied);
    for (const milliseconds of tally.latenciesMs)
      this.#histograms.latency.observe({ sink }, milliseconds / 1000);
  }

  /** Counts what a step has passed over; returns how many records. */
  skipped(records: SkippedRecords): number {
    let all = 0;
    for (const { database, table, operation, count } of records.all) {
      this.#counters.skipped.inc({ sink: this.#sink, database, table, operation }, count);
      all += count;
    }
    return all;
  }

  /** Tables come and go: past a bound they are measured together. */
  #tableLatency(database: string, table: string, latencyMs: number): void {
    const id = tableId(database, table);
    const hasOwn = this.#tables.has(id) || this.#tables.size < TABLES_MAX;
    if (hasOwn) this.#tables.add(id);
    const names = hasOwn ? { database, table } : OTHER_TABLES;
    this.#gauges.tableLatency.set({ sink: this.#sink, ...names }, latencyMs / 1000);
  }

  error(error: PipelineError): void {
    this.#counters.errors.inc({ service: this.#service, class: error.errorClass, reason: error.code });
    this.rates.error();
  }

  retry(error: PipelineError): void {
    this.#counters.retries.inc({ sink: this.#sink, reason: error.code });
  }

  deadLetter(error: PipelineError): void {
    this.#counters.deadLetters.inc({ sink: this.#sink, reason: error.code });
  }

  /** Dead letters that nobody has resolved. */
  depth(letters: number): void {
    this.#gauges.depth.set({ sink: this.#sink }, letters);
  }

  replayed(result: ReplayResult): void {
    this.#counters.replayed.inc({ sink: this.#sink, result });
  }

  rebalanced(group: string): void {
    this.#counters.rebalances.inc({ group });
  }

  breaker(state: BreakerState): void {
    this.#setBreaker(state);
    this.#counters.transitions.inc({ sink: this.#sink, to: stateLabel(state) });
  }

  paused(counts: ReadonlyMap<PauseReason, number>): void {
    for (const reason of PAUSE_REASONS)
      this.#gauges.paused.set({ sink: this.#sink, reason }, counts.get(reason) ?? 0);
  }

  lagOf(topic: string, partition: number, records: number): void {
    this.#gauges.lag.set({ sink: this.#sink, topic, partition }, records);
  }

  lag(partitions: readonly { topic: string; partition: number; records: number }[]): void {
    this.#gauges.lag.reset();
    for (const { topic, partition, records } of partitions) this.lagOf(topic, partition, records);
  }

  dataGap(topic: string): void {
    this.#gauges.dataGap.set({ sink: this.#sink, topic }, 1);
  }

  heartbeat(sourceMs: number, nowMs: number): void {
    this.#gauges.heartbeatLatency.set({ sink: this.#sink }, Math.max(0, nowMs - sourceMs) / 1000);
  }

  watermark(sourceMs: number): void {
    this.#gauges.watermark.set({ sink: this.#sink }, sourceMs / 1000);
  }

  #setBreaker(state: BreakerState): void {
    for (const each of BREAKER_STATES) {
      this.#gauges.breaker.set({ sink: this.#sink, state: stateLabel(each) }, each === state ? 1 : 0);
    }
  }
}
