import { CAPTURE, type DdlClass, type TableName } from '@sluice/envelope';
import { CAPTURE_STATES, JOB_STATES, type CaptureStateName } from '@sluice/ops-api';
import { errorEntry, RecentRates, type ErrorCode, type Gauge, type Registry } from '@sluice/runtime';
import type { Published } from '../encode/flusher.ts';
import { PurgeForecast, type ReadUpTo, type RetentionAnswer } from '../source/purge-forecast.ts';
import type { StageTimes } from '../stream/capture-loop.ts';
import { SKIP_REASONS, type SkippedRows } from '../stream/skipped-rows.ts';
import type { TableRoute } from '../stream/table-route.ts';
import { CLOCKS, declareCounters, declareGauges, QUEUE, SERVICE, type Stage } from './metric-series.ts';

const OPERATIONS = ['INSERT', 'UPDATE', 'DELETE', 'SNAPSHOT'] as const;
/** Tables whose series are there before their rows. */
const TABLES_MAX = 1000;

/** What is so at this moment; looked at once a second. */
export interface Progress {
  readonly file: number;
  readonly position: number;
  readonly queue: { readonly bytes: number; readonly items: number; readonly capacityBytes: number };
  /** Milliseconds since 1970; 0 before the first transaction. */
  readonly lastCommitMs: number;
  readonly refused: number;
  readonly jobs: Iterable<{ readonly state: (typeof JOB_STATES)[number] }>;
}

/** What capture tells Prometheus: counted per flush, never per row. */
export class CaptureMetrics {
  readonly #source: string;
  readonly #gauges: ReturnType<typeof declareGauges>;
  readonly #counters: ReturnType<typeof declareCounters>;
  readonly rates = new RecentRates();
  #forecast = new PurgeForecast();
  #isConnected = false;
  #leads = false;
  #rowsPublished = 0;

  constructor(registry: Registry, source: string) {
    this.#source = source;
    this.#gauges = declareGauges(registry, source);
    this.#counters = declareCounters(registry, source);
  }

  state(now: CaptureStateName): void {
    for (const state of CAPTURE_STATES)
      this.#gauges.state.set({ source: this.#source, state }, state === now ? 1 : 0);
  }

  /** Whether this capture leads. The first time after it did not is a takeover. */
  leads(does: boolean): void {
    if (does && !this.#leads) this.#counters.takeovers.inc({ source: this.#source });
    this.#leads = does;
    this.#set(this.#gauges.leader, does ? 1 : 0);
  }

  /** Another capture leads: what this one has measured of the stream is over, and the other's to tell. */
  standsBy(): void {
    const { lag, lagBytes, lastEvent, checkpointAt, position, file } = this.#gauges;
    for (const against of CLOCKS) this.#skew(against, Number.NaN);
    for (const gauge of [lag, lagBytes, lastEvent, checkpointAt, position, file])
      this.#set(gauge, Number.NaN);
    this.#forecast = new PurgeForecast();
    this.headroom(0);
    for (const gauge of [this.#gauges.queueBytes, this.#gauges.queueItems]) gauge.set(QUEUE, 0);
    this.journal(0, 0);
    this.#set(this.#gauges.refusedTables, 0);
    this.#set(this.#gauges.connected, 0);
    for (const state of JOB_STATES) this.#gauges.snapshotTables.set({ source: this.#source, state }, 0);
  }

  connected(generation: number): void {
    this.#isConnected = true;
    this.#set(this.#gauges.connected, 1);
    this.#set(this.#gauges.generation, generation);
  }

  /** Those of which rows may come: `rate()` does not see the first value of a series that begins with it. Past a bound series begin with their rows. */
  tables(names: Iterable<TableName>, topicsOf: (database: string, table: string) => readonly string[]): void {
    let known = 0;
    for (const { database, table } of names) {
      if ((known += 1) > TABLES_MAX) return;
      for (const operation of OPERATIONS)
        this.#counters.events.inc({ source: this.#source, database, table, operation }, 0);
      for (const topic of topicsOf(database, table)) {
        this.#counters.produced.inc({ topic }, 0);
        this.#counters.oversize.inc({ topic }, 0);
      }
    }
  }

  /** A session, or an attempt to begin one, has ended: only a stream that was there is broken by it. */
  disconnected(errorClass: string, code: string): void {
    this.#set(this.#gauges.connected, 0);
    if (this.#isConnected) this.#counters.disconnects.inc({ source: this.#source, reason: code });
    this.#isConnected = false;
    this.#error(errorClass, code);
    if (code.startsWith('KAFKA_')) this.#counters.produceErrors.inc({ reason: code });
  }

  /** A table that cannot be captured. */
  refused(code: ErrorCode): void {
    this.#error(errorEntry(code).class, code);
  }

  #error(errorClass: string, reason: string): void {
    this.#counters.errors.inc({ service: SERVICE, class: errorClass, reason });
    this.rates.error();
  }

  diverted(topic: string): void {
    this.#counters.oversize.inc({ topic });
  }

  deadLetters(open: number): void {
    this.#gauges.deadLetters.set({ sink: CAPTURE }, open);
  }

  ddl(kind: DdlClass): void {
    this.#counters.ddl.inc({ source: this.#source, class: kind });
  }

  /** @param alerts that nobody has acknowledged; @param stopped tables that wait for an operator */
  journal(alerts: number, stopped: number): void {
    this.#set(this.#gauges.ddlAlerts, alerts);
    this.#set(this.#gauges.stoppedTables, stopped);
  }

  /** Rows that were published since the process began. */
  get rowsPublished(): number {
    return this.#rowsPublished;
  }

  published(published: Published, transactions: number, routes: Iterable<TableRoute>): void {
    const source = this.#source;
    this.#counters.publishSeconds.observe(published.seconds);
    if (published.rows > 0) this.#stage('publish', published.seconds);
    this.#counters.processed.inc({ service: SERVICE }, published.rows);
    this.#rowsPublished += published.rows;
    this.rates.add(published.rows, published.rows);
    this.#set(this.#gauges.checkpointAt, Date.now() / 1000);
    if (transactions > 0) this.#counters.transactions.inc({ source }, transactions);
    for (const route of routes) this.#countRoute(route);
  }

  stages({ receiveMs, decodeMs }: StageTimes): void {
    this.#stage('receive', receiveMs / 1000);
    this.#stage('decode', decodeMs / 1000);
  }

  #stage(stage: Stage, seconds: number): void {
    this.#counters.stageLatency.observe({ service: SERVICE, stage }, Math.max(0, seconds));
  }

  /** Begins again to count them. */
  skipped(rows: SkippedRows): void {
    for (const reason of SKIP_REASONS) {
      if (rows[reason] > 0) this.#counters.skipped.inc({ source: this.#source, reason }, rows[reason]);
      rows[reason] = 0;
    }
  }

  #countRoute({ counts, encoder }: TableRoute): void {
    const source = this.#source;
    const { database, table } = encoder.table;
    for (const operation of OPERATIONS) {
      const rows = counts[operation];
      if (rows === 0) continue;
      this.#counters.events.inc({ source, database, table, operation }, rows);
      this.#counters.produced.inc({ topic: encoder.topicOf(operation) }, rows);
      if (operation === 'SNAPSHOT') this.#counters.snapshotRows.inc({ source }, rows);
      counts[operation] = 0;
    }
  }

  /** What the source says of its binlog files; what follows from it is measured from then on, connected or not. */
  retention(answer: RetentionAnswer, at: ReadUpTo): void {
    this.#forecast.note(answer, at);
    this.#set(this.#gauges.lagBytes, this.#forecast.lagBytes);
    this.#skew('source', answer.skewSeconds);
  }

  /** Of the broker minus this one's. */
  brokerClock(seconds: number): void {
    this.#skew('broker', seconds);
  }

  #skew(against: (typeof CLOCKS)[number], seconds: number): void {
    this.#gauges.clockSkew.set({ source: this.#source, against }, seconds);
  }

  headroom(nowMs: number): void {
    const seconds = this.#forecast.headroomSeconds(nowMs);
    this.#set(this.#gauges.headroom, seconds);
    this.#set(this.#gauges.headroomKnown, Number.isNaN(seconds) ? 0 : 1);
  }

  /** Age of the last transaction handled, or 0 at the tip. */
  lag(seconds: number): void {
    this.#set(this.#gauges.lag, Math.max(0, seconds));
  }

  progress({ file, position, queue, lastCommitMs, refused, jobs }: Progress): void {
    const gauges = this.#gauges;
    this.#set(gauges.file, file);
    this.#set(gauges.position, position);
    if (lastCommitMs > 0) this.#set(gauges.lastEvent, lastCommitMs / 1000);
    gauges.queueBytes.set(QUEUE, queue.bytes);
    gauges.queueItems.set(QUEUE, queue.items);
    gauges.queueCapacity.set(QUEUE, queue.capacityBytes);
    this.#set(gauges.refusedTables, refused);
    const byState = new Map<string, number>();
    for (const { state } of jobs) byState.set(state, (byState.get(state) ?? 0) + 1);
    for (const state of JOB_STATES)
      gauges.snapshotTables.set({ source: this.#source, state }, byState.get(state) ?? 0);
  }

  #set(gauge: Gauge<'source'>, value: number): void {
    gauge.set({ source: this.#source }, value);
  }
}
