import {
  abortableDelay,
  fullJitter,
  PipelineError,
  startOpsServers,
  Troubles,
  type HealthReport,
  type Logger,
  type OpsRoute,
  type RunningService,
  type ServiceContext,
} from '@sluice/runtime';
import { parseTableId } from '@sluice/envelope';
import { begin, type BeginOptions } from './session/begin.ts';
import { captureSettings, type CaptureSettings } from './settings/capture-settings.ts';
import { ddlRoutes, publishCleared } from './ops/ddl-routes.ts';
import { captureHealth, isStuck, type CaptureCondition } from './ops/health.ts';
import type { Incarnation } from './session/incarnation.ts';
import { KnownTopics } from './catalog/known-topics.ts';
import { CaptureMetrics } from './session/metrics.ts';
import { fencedBy } from './session/other-capture.ts';
import { OpenLetters } from './session/open-letters.ts';
import { ProgressWatch } from './progress-watch.ts';
import { RefusalNews } from './session/refusal-news.ts';
import type { SnapshotDesk } from './snapshot/snapshot-desk.ts';
import { snapshotRoutes } from './ops/snapshot-routes.ts';
import type { DdlJournal } from './ddl/ddl-journal.ts';
import { captureStatus } from './ops/status.ts';

const BACKOFF = { initialMs: 100, maxMs: 30_000 };
/** A life this long was a success, as one that got on with the stream: the next failure starts the backoff anew. */
const STEADY_MS = 60_000;
const GAUGE_MS = 1000;

/** Builds the capture service: ops servers at once, then one incarnation after the other until it is told to stop. */
export async function buildCapture(context: ServiceContext): Promise<RunningService> {
  const capture = new Capture(context);
  const { ops } = context.config.capture;
  const servers = await startOpsServers({
    host: ops.host,
    port: ops.port,
    metricsPort: ops.metricsPort,
    allowedHosts: ops.allowedHosts,
    registry: context.metrics.registry,
    health: () => capture.health(),
    status: () => capture.status(),
    setting: 'capture.ops',
    routes: [...snapshotRoutes(() => capture.snapshotDesk), ...capture.ddlRoutes()],
  });
  const done = capture.run(context.signal);
  return {
    done,
    close: async () => {
      await done.catch(() => undefined);
      await servers.close();
    },
  };
}

class Capture {
  readonly #settings: CaptureSettings;
  readonly #metrics: CaptureMetrics;
  readonly #log: Logger;
  #incarnation: Incarnation | null = null;
  /** Of the present life, or the last one. */
  #journal: DdlJournal | null = null;
  readonly #topics = new KnownTopics();
  readonly #refusals: RefusalNews;
  readonly #troubles = new Troubles();
  readonly #letters: OpenLetters;
  #progress = new ProgressWatch(performance.now());
  #standsForMs = 0;
  #hasStreamed = false;
  /** Whether the last life got on with the stream. */
  #hasAdvanced = false;
  /** Up to when everything is known to be published, or about to be: milliseconds since 1970, 0 before the first time. */
  #inTouchAt = 0;
  /** The operator's word counts once: the next life has the checkpoint of the new generation. */
  #acceptsLostCheckpoint: boolean;

  constructor({ config, log, metrics }: ServiceContext) {
    this.#settings = captureSettings(config, process.argv.slice(2), log);
    this.#metrics = new CaptureMetrics(metrics.registry, this.#settings.serverName);
    this.#log = log;
    this.#letters = new OpenLetters(this.#settings, (open) => this.#metrics.deadLetters(open), log);
    this.#refusals = new RefusalNews(this.#metrics, log);
    this.#acceptsLostCheckpoint = this.#settings.acceptLostCheckpoint;
  }

  /** Resolves after the signal; throws the first fatal error. Everything else is tried again: once it has streamed, for ever. */
  async run(signal: AbortSignal): Promise<void> {
    const gauges = setInterval(() => this.#gauge(), GAUGE_MS);
    const ended = new AbortController();
    const letters = this.#letters.run(AbortSignal.any([signal, ended.signal]));
    try {
      for (let attempt = 0; !signal.aborted; attempt++) {
        const begun = performance.now();
        const error = await this.#live(signal);
        if (error === null) return;
        const isSteady = this.#hasAdvanced || performance.now() - begun > STEADY_MS;
        if (isSteady) attempt = 0;
        const waitMs = fullJitter(attempt, BACKOFF, Math.random);
        const { code, message } = error;
        this.#log.warn({ event: 'capture.interrupted', code, err: error, waitMs }, message);
        await abortableDelay(waitMs, signal).catch(() => undefined);
      }
    } finally {
      clearInterval(gauges);
      ended.abort();
      await letters;
    }
  }

  /** One incarnation; the retryable error that ended it, or null when it was told to stop. */
  async #live(signal: AbortSignal): Promise<PipelineError | null> {
    this.#metrics.state('init');
    let incarnation: Incarnation | null = null;
    try {
      incarnation = await begin(this.#beginOptions(), signal);
      this.#incarnation = incarnation;
      this.#progress = new ProgressWatch(performance.now());
      this.#standsForMs = 0;
      this.#journal = incarnation.journal;
      this.#hasStreamed = true;
      await incarnation.run(signal);
      return null;
    } catch (thrown) {
      if (signal.aborted && !(thrown instanceof PipelineError)) return null;
      const error = await this.#orFenced(thrown, incarnation, signal);
      this.#metrics.state('failed');
      if (!(error instanceof PipelineError)) throw error;
      this.#troubles.note(subjectOf(error), error);
      this.#metrics.disconnected(error.errorClass, error.code);
      if (this.#neverReachedKafka(error))
        throw new PipelineError('PREFLIGHT_FAILED', error.message, { cause: error });
      if (error.errorClass === 'retryable') return error;
      throw error;
    } finally {
      this.#incarnation = null;
      this.#hasAdvanced = incarnation?.hasAdvanced === true;
      if (incarnation?.isGenerationDurable === true) this.#acceptsLostCheckpoint = false;
      await incarnation?.close();
    }
  }

  /** A source ends the older of two readers: to take over from the newer one would only turn the tables, again and again. */
  async #orFenced(error: unknown, incarnation: Incarnation | null, signal: AbortSignal): Promise<unknown> {
    if (!(error instanceof PipelineError) || signal.aborted) return error;
    const isFenced = error.code === 'KAFKA_FENCED' || (await incarnation?.isFenced()) === true;
    return isFenced ? fencedBy(error, this.#settings, signal) : error;
  }

  #beginOptions(): BeginOptions {
    const acceptLostCheckpoint = this.#acceptsLostCheckpoint;
    return {
      settings: this.#settings,
      acceptLostCheckpoint,
      hasStreamed: this.#hasStreamed,
      topics: this.#topics,
      refusals: this.#refusals,
      metrics: this.#metrics,
      log: this.#log,
    };
  }

  /** Perhaps there never was a broker there: whoever started the process is told to look at the setting. */
  #neverReachedKafka(error: PipelineError): boolean {
    return !this.#hasStreamed && error.code === 'KAFKA_UNREACHABLE';
  }

  #gauge(): void {
    const incarnation = this.#incarnation;
    if (this.#journal !== null) this.#metrics.ddlAlerts(this.#journal.alerts.length);
    if (incarnation !== null) {
      this.#watch(incarnation);
      const { stream, queuedBytes, publishingSince } = incarnation;
      const { committedAtMs } = stream.transaction;
      const readUpTo = stream.atTip || committedAtMs === 0 ? stream.now : committedAtMs;
      // What was read while a broker does not answer has not arrived anywhere.
      if (stream.now > 0) this.#inTouchAt = Math.min(readUpTo, publishingSince ?? readUpTo);
      this.#metrics.progress(stream.sequence.file, stream.position.position, queuedBytes, committedAtMs);
    }
    const behind = this.#behindSeconds();
    if (behind !== null) this.#metrics.lag(behind);
  }

  /** How old the newest change is that is known to have arrived; null before the first. */
  #behindSeconds(): number | null {
    if (this.#inTouchAt === 0) return null;
    const stream = this.#incarnation?.stream;
    const isAtTip = stream !== undefined && (stream.atTip || stream.transaction.committedAtMs === 0);
    return this.#lagSeconds(isAtTip);
  }

  /** At the tip nothing is behind, unless the loop has not come round to look for longer than it ever waits. */
  #lagSeconds(isAtTip: boolean): number {
    const seconds = Math.max(0, Date.now() - this.#inTouchAt) / 1000;
    const roundSeconds = (this.#settings.config.source.heartbeatIntervalMs * 2) / 1000;
    return isAtTip && seconds < roundSeconds ? 0 : seconds;
  }

  /** What holds the stream up is told while it does, and that it is over as soon as records arrive again. */
  #watch(incarnation: Incarnation): void {
    this.#standsForMs = this.#progress.standsFor(incarnation.signsOfLife, performance.now());
    const trouble = incarnation.kafkaTrouble;
    if (trouble !== null) this.#troubles.note('kafka', trouble.error);
    if (trouble !== null || !incarnation.hasPublished) return;
    this.#troubles.over('kafka');
    this.#troubles.over('stream');
  }

  #condition(): CaptureCondition {
    const incarnation = this.#incarnation;
    return {
      isStreaming: incarnation !== null,
      kafka: incarnation?.kafkaTrouble ?? null,
      standsForMs: incarnation === null ? 0 : this.#standsForMs,
      heartbeatMs: this.#settings.config.source.heartbeatIntervalMs,
      kafkaError: this.#troubles.of('kafka'),
      streamError: this.#troubles.of('stream'),
      alerts: this.#journal?.alerts.length ?? 0,
      sourceGap: incarnation?.gaps.replica?.found ?? null,
      refused: incarnation?.refusedTables.length ?? 0,
      stopped: this.#journal?.stopped.length ?? 0,
      letters: this.#letters.count,
    };
  }

  health(): HealthReport {
    return captureHealth(this.#condition());
  }

  /** Null while nothing is read from the source. */
  get snapshotDesk(): SnapshotDesk | null {
    return this.#incarnation?.snapshotDesk ?? null;
  }

  status(): unknown {
    return captureStatus({
      settings: this.#settings,
      incarnation: this.#incarnation,
      journal: this.#journal,
      isStuck: isStuck(this.#condition()),
      behindSeconds: this.#behindSeconds(),
      rowsPublished: this.#metrics.rowsPublished,
      openDeadLetters: this.#letters.count.open,
      lastError: this.#troubles.lastError,
    });
  }

  ddlRoutes(): readonly OpsRoute[] {
    const { kafka, prefix } = this.#settings;
    return ddlRoutes({
      journal: () => this.#journal,
      publish: (record) => publishCleared(kafka, prefix, record),
      onResumed: (table) => this.#incarnation?.resume(parseTableId(table)),
      log: this.#log,
    });
  }
}

/** What has to work again before the error is over. */
function subjectOf({ code }: PipelineError): 'kafka' | 'stream' {
  return code.startsWith('KAFKA_') ? 'kafka' : 'stream';
}
