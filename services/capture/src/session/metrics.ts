import { CAPTURE, DDL_CLASSES, type DdlClass } from '@sluice/envelope';
import {
  declareCounter,
  declareGauge,
  declareHistogram,
  errorEntry,
  type Counter,
  type ErrorCode,
  type Gauge,
  type Histogram,
  type Registry,
} from '@sluice/runtime';
import { CAPTURE_STATES, type CaptureStateName } from '@sluice/ops-api';
import type { Published } from '../encode/flusher.ts';
import type { TableRoute } from '../stream/table-route.ts';

const LATENCY_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What capture tells Prometheus: counted per flush, never per row. */
export class CaptureMetrics {
  readonly #source: string;
  readonly #state: Gauge<'source' | 'state'>;
  readonly #connected: Gauge<'source'>;
  readonly #lag: Gauge<'source'>;
  readonly #events: Counter<'source' | 'db' | 'table' | 'op'>;
  readonly #transactions: Counter<'source'>;
  readonly #disconnects: Counter<'source' | 'reason'>;
  readonly #errors: Counter<'service' | 'class' | 'reason'>;
  readonly #processed: Counter<'service'>;
  #rowsPublished = 0;
  readonly #published: Counter<'topic'>;
  readonly #publishSeconds: Histogram;
  readonly #oversize: Counter<'topic'>;
  readonly #deadLetters: Gauge<'sink'>;
  readonly #checkpointAt: Gauge<'source'>;
  readonly #position: Gauge<'source'>;
  readonly #file: Gauge<'source'>;
  readonly #generation: Gauge<'source'>;
  readonly #queueBytes: Gauge<'stage'>;
  readonly #lastEvent: Gauge<'source'>;
  readonly #ddl: Counter<'source' | 'class'>;
  readonly #ddlAlerts: Gauge<'source'>;

  constructor(registry: Registry, source: string) {
    this.#source = source;
    const gauge = (name: string, help: string): Gauge<'source'> =>
      declareGauge(registry, { name, help, labels: ['source'] });
    this.#state = declareState(registry, source);
    this.#connected = gauge('cdc_source_connected', '1 while the binlog is being read.');
    this.#lag = gauge(
      'cdc_binlog_lag_seconds',
      'Age of the last event processed; 0 when capture has read the whole binlog.',
    );
    this.#generation = gauge('cdc_source_generation', 'Generation in the sequence number.');
    this.#position = gauge('cdc_binlog_position_bytes', 'Position in the binlog file.');
    this.#file = gauge('cdc_binlog_file_number', 'Number of the binlog file.');
    this.#lastEvent = gauge(
      'cdc_binlog_last_event_timestamp_seconds',
      'Commit time of the last transaction processed.',
    );
    this.#checkpointAt = gauge(
      'cdc_checkpoint_last_success_timestamp_seconds',
      'Time of the last committed checkpoint.',
    );
    this.#ddl = declareDdl(registry, source);
    this.#ddlAlerts = gauge('cdc_ddl_unacknowledged', 'DDL alerts that are not acknowledged.');
    this.#events = declareCounter(registry, {
      name: 'cdc_capture_events_total',
      help: 'Row changes published.',
      labels: ['source', 'db', 'table', 'op'],
    });
    this.#transactions = declareCounter(registry, {
      name: 'cdc_capture_transactions_total',
      help: 'Source transactions read.',
      labels: ['source'],
      initial: [{ source }],
    });
    this.#disconnects = declareCounter(registry, {
      name: 'cdc_capture_disconnects_total',
      help: 'Times that the stream ended with an error.',
      labels: ['source', 'reason'],
    });
    this.#errors = declareCounter(registry, {
      name: 'cdc_errors_total',
      help: 'Errors by class and code.',
      labels: ['service', 'class', 'reason'],
    });
    this.#processed = declareCounter(registry, {
      name: 'cdc_records_processed_total',
      help: 'Records published.',
      labels: ['service'],
      initial: [{ service: 'capture' }],
    });
    this.#published = byTopic(registry, 'cdc_kafka_produced_records_total', 'Row records by topic.');
    this.#oversize = byTopic(registry, 'cdc_oversize_records_total', 'Rows that were too large for Kafka.');
    this.#deadLetters = declareGauge(registry, {
      name: 'cdc_dlq_depth',
      help: 'Unresolved dead letters.',
      labels: ['sink'],
      initial: [{ sink: CAPTURE }],
    });
    this.#publishSeconds = declareHistogram(registry, {
      name: 'cdc_kafka_produce_duration_seconds',
      help: 'Duration of one Kafka transaction.',
      buckets: LATENCY_BUCKETS,
    });
    this.#queueBytes = declareGauge(registry, {
      name: 'cdc_queue_bytes',
      help: 'Bytes in the queue.',
      labels: ['stage'],
      initial: [{ stage: 'binlog' }],
    });
  }

  state(now: CaptureStateName): void {
    for (const state of CAPTURE_STATES)
      this.#state.set({ source: this.#source, state }, state === now ? 1 : 0);
  }

  connected(generation: number): void {
    this.#connected.set({ source: this.#source }, 1);
    this.#generation.set({ source: this.#source }, generation);
  }

  disconnected(errorClass: string, code: string): void {
    this.#connected.set({ source: this.#source }, 0);
    this.#disconnects.inc({ source: this.#source, reason: code });
    this.#errors.inc({ service: 'capture', class: errorClass, reason: code });
  }

  /** A table that cannot be captured. */
  refused(code: ErrorCode): void {
    this.#errors.inc({ service: 'capture', class: errorEntry(code).class, reason: code });
  }

  diverted(topic: string): void {
    this.#oversize.inc({ topic });
  }

  deadLetters(open: number): void {
    this.#deadLetters.set({ sink: CAPTURE }, open);
  }

  ddl(kind: DdlClass): void {
    this.#ddl.inc({ source: this.#source, class: kind });
  }

  ddlAlerts(open: number): void {
    this.#ddlAlerts.set({ source: this.#source }, open);
  }

  /** Rows that were published since the process began. */
  get rowsPublished(): number {
    return this.#rowsPublished;
  }

  published(published: Published, transactions: number, routes: Iterable<TableRoute>): void {
    const source = this.#source;
    this.#publishSeconds.observe(published.seconds);
    this.#processed.inc({ service: 'capture' }, published.rows);
    this.#rowsPublished += published.rows;
    this.#checkpointAt.set({ source }, Date.now() / 1000);
    if (transactions > 0) this.#transactions.inc({ source }, transactions);
    for (const route of routes) this.#countRoute(route);
  }

  #countRoute({ counts, encoder }: TableRoute): void {
    const { database, table } = encoder.table;
    for (const op of ['INSERT', 'UPDATE', 'DELETE', 'SNAPSHOT'] as const) {
      if (counts[op] === 0) continue;
      this.#events.inc({ source: this.#source, db: database, table, op }, counts[op]);
      this.#published.inc({ topic: encoder.topicOf(op) }, counts[op]);
      counts[op] = 0;
    }
  }

  /** Age of the last transaction handled, or 0 at the tip. */
  lag(seconds: number): void {
    this.#lag.set({ source: this.#source }, Math.max(0, seconds));
  }

  progress(file: number, position: number, queueBytes: number, lastCommitMs: number): void {
    const source = this.#source;
    this.#file.set({ source }, file);
    this.#position.set({ source }, position);
    this.#queueBytes.set({ stage: 'binlog' }, queueBytes);
    if (lastCommitMs > 0) this.#lastEvent.set({ source }, lastCommitMs / 1000);
  }
}

function byTopic(registry: Registry, name: string, help: string): Counter<'topic'> {
  return declareCounter(registry, { name, help, labels: ['topic'] });
}

function declareDdl(registry: Registry, source: string): Counter<'source' | 'class'> {
  return declareCounter(registry, {
    name: 'cdc_ddl_events_total',
    help: 'DDL statements on captured tables.',
    labels: ['source', 'class'],
    initial: DDL_CLASSES.map((kind) => ({ source, class: kind })),
  });
}

function declareState(registry: Registry, source: string): Gauge<'source' | 'state'> {
  return declareGauge(registry, {
    name: 'cdc_capture_state',
    help: '1 for the current state of capture.',
    labels: ['source', 'state'],
    initial: CAPTURE_STATES.map((state) => ({ source, state })),
  });
}
