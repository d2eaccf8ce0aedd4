import { auditTopic, parseTableId } from '@sluice/envelope';
import { AuditTrail } from '@sluice/kafka';
import { heapRoute, openApiRoute, type CaptureStateName } from '@sluice/ops-api';
import {
  abortableDelay,
  fullJitter,
  PipelineError,
  startOpsServers,
  Troubles,
  type HealthReport,
  type LoadedConfig,
  type Logger,
  type OperatorNeed,
  type OpsRoute,
  type RunningService,
  type ServiceContext,
} from '@sluice/runtime';
import { KnownTopics } from './catalog/known-topics.ts';
import { ddlRoutes, publishCleared } from './ops/ddl-routes.ts';
import { captureHealth, isStuck, type CaptureCondition } from './ops/health.ts';
import { snapshotRoutes } from './ops/snapshot-routes.ts';
import { captureStatus } from './ops/status.ts';
import type { CaptureSession } from './session/capture-session.ts';
import {
  next,
  sessionOf,
  startingState,
  type CaptureEvent,
  type CaptureState,
  type Ending,
} from './session/capture-state.ts';
import { LateDecisions } from './session/late-decisions.ts';
import { canBeFixedOutside } from './session/fixable.ts';
import { CaptureMetrics } from './session/metrics.ts';
import { OpenDeadLetters } from './session/open-dead-letters.ts';
import { answerOf, fencedBy, isTakenOver } from './session/other-capture.ts';
import { RefusalNews } from './session/refusal-news.ts';
import { startSession } from './session/start.ts';
import { StreamWatch } from './session/stream-watch.ts';
import { captureSettings, type CaptureSettings } from './settings/capture-settings.ts';
import type { SnapshotController } from './snapshot/snapshot-controller.ts';

const BACKOFF = { initialMs: 100, maxMs: 30_000 };
/** A session this long was a success, as one that got on with the stream: the next failure starts the backoff anew. */
const STEADY_MS = 60_000;
const GAUGE_MS = 1000;

/** Builds the capture service: ops servers at once, then one session after the other until it is told to stop. */
export async function buildCapture(context: ServiceContext): Promise<RunningService> {
  const { config, log, metrics } = context;
  const { kafka, topics } = config;
  const capture = new Capture(context);
  const { registry } = metrics;
  const topic = auditTopic(topics.prefix);
  const audit = new AuditTrail({ kafka, topic, topics, service: 'capture', log, registry });
  const servers = await startOpsServers({
    ...config.capture.ops,
    registry,
    audit,
    need: context.need,
    log,
    health: () => capture.health(),
    status: () => capture.status(),
    setting: 'capture.ops',
    routes: [
      openApiRoute,
      heapRoute(),
      ...snapshotRoutes(() => capture.snapshotController),
      ...capture.ddlRoutes(),
    ],
  });
  const done = capture.run(context.signal);
  return {
    done,
    close: async () => {
      await done.catch(() => undefined);
      await servers.close();
      await audit.close();
    },
  };
}

/** What has ended a start or a session, and where capture was then. */
interface Ended {
  readonly error: PipelineError;
  readonly isFatal: boolean;
  readonly state: CaptureStateName;
}

class Capture {
  readonly #settings: CaptureSettings;
  readonly #loaded: LoadedConfig;
  readonly #metrics: CaptureMetrics;
  readonly #log: Logger;
  readonly #topics = new KnownTopics();
  readonly #late = new LateDecisions();
  readonly #refusals: RefusalNews;
  readonly #troubles = new Troubles();
  readonly #letters: OpenDeadLetters;
  readonly #watch: StreamWatch;
  readonly #need: OperatorNeed;
  #state: CaptureState<CaptureSession>;

  constructor({ config, loaded, log, metrics, need }: ServiceContext) {
    this.#settings = captureSettings(config, process.argv.slice(2), log);
    this.#loaded = loaded;
    this.#metrics = new CaptureMetrics(metrics.registry, this.#settings.serverName);
    this.#log = log;
    this.#need = need;
    this.#letters = new OpenDeadLetters(this.#settings, (open) => this.#metrics.deadLetters(open), log);
    this.#refusals = new RefusalNews(this.#metrics, log);
    this.#watch = new StreamWatch(config.source.heartbeatIntervalMs);
    this.#state = startingState(this.#settings.acceptLostCheckpoint);
    this.#metrics.state(this.#state.name);
  }

  /**
   * Resolves after the signal; throws the first error that ends the process. Everything else is tried again: once it has streamed, for
   * ever, and an error that a person has to end when the person may have acted.
   */
  async run(signal: AbortSignal): Promise<void> {
    const gauges = setInterval(() => this.#gauge(), GAUGE_MS);
    const ended = new AbortController();
    const letters = this.#letters.run(AbortSignal.any([signal, ended.signal]));
    try {
      while (!signal.aborted) {
        const end = await this.#runSession(signal);
        if (end !== null)
          await (end.isFatal ? this.#hold(end, signal) : this.#wait(end.error, this.#state.failures, signal));
      }
      this.#enter({ kind: 'stop' });
    } finally {
      clearInterval(gauges);
      ended.abort();
      await letters;
    }
  }

  /** Before the next start. */
  async #wait(error: PipelineError, failures: number, signal: AbortSignal): Promise<void> {
    const waitMs = fullJitter(failures - 1, BACKOFF, Math.random);
    const { code, message } = error;
    this.#log.warn({ event: 'capture.interrupted', code, err: error, waitMs }, message);
    await abortableDelay(waitMs, signal).catch(() => undefined);
  }

  /** From a start to the end of its session; the error that ended it, or null when it was told to stop. */
  async #runSession(signal: AbortSignal): Promise<Ended | null> {
    const begun = performance.now();
    let session: CaptureSession | null = null;
    this.#late.begin();
    try {
      session = await this.#start(signal);
      this.#late.tell(session.journal);
      this.#watch.restart();
      this.#enter({ kind: 'open', session });
      await session.run(signal);
      return this.#stopped();
    } catch (thrown) {
      if (signal.aborted && !(thrown instanceof PipelineError)) return this.#stopped();
      const error = await this.#orFenced(thrown, session, signal);
      const wasSteady = session?.hasAdvanced === true || performance.now() - begun > STEADY_MS;
      return this.#told(error, { wasSteady, isGenerationDurable: session?.isGenerationDurable === true });
    } finally {
      await session?.close();
    }
  }

  #stopped(): null {
    this.#enter({ kind: 'stop' });
    return null;
  }

  #start(signal: AbortSignal): Promise<CaptureSession> {
    const { acceptLostCheckpoint, hasStreamed } = this.#state;
    const [settings, metrics, log] = [this.#settings, this.#metrics, this.#log];
    const [topics, refusals] = [this.#topics, this.#refusals];
    const options = { settings, acceptLostCheckpoint, hasStreamed, topics, refusals, metrics, log };
    return startSession(options, (kind) => this.#enter({ kind }), signal);
  }

  /** Every change of the state goes through here: log, metric and pages say the same word. */
  #enter(event: CaptureEvent<CaptureSession>): void {
    const before = this.#state.name;
    this.#state = next(this.#state, event);
    const { name } = this.#state;
    if (name === before) return;
    this.#metrics.state(name);
    this.#log.info({ event: 'capture.state', state: name, previous: before }, `capture: ${name}`);
  }

  /** A source ends the older of two readers: to take over from the newer one would only turn the tables, again and again. */
  async #orFenced(error: unknown, session: CaptureSession | null, signal: AbortSignal): Promise<unknown> {
    if (!(error instanceof PipelineError) || signal.aborted) return error;
    const isFenced = error.code === 'KAFKA_FENCED' || (await session?.isFenced()) === true;
    return isFenced ? fencedBy(error, this.#settings, signal) : error;
  }

  /** Notes what ended a start or a session; throws it when the process ends by it. */
  #told(error: unknown, ending: Ending): Ended {
    const state = this.#state.name;
    if (error instanceof PipelineError) {
      this.#troubles.note(subjectOf(error), error);
      this.#metrics.disconnected(error.errorClass, error.code);
      if (error.errorClass === 'retryable' && !this.#neverReachedKafka(error)) {
        this.#enter({ kind: 'interrupt', ...ending });
        return { error, isFatal: false, state };
      }
    }
    this.#enter({ kind: 'fail', ...ending });
    const last =
      error instanceof PipelineError && this.#neverReachedKafka(error)
        ? new PipelineError('PREFLIGHT_FAILED', error.message, { cause: error })
        : error;
    if (!this.#need.takes(last)) throw last;
    return { error: last, isFatal: true, state };
  }

  /** Until a person may have acted. Whoever has taken over meanwhile is not fenced for it. */
  async #hold({ error, state }: Ended, signal: AbortSignal): Promise<void> {
    this.#need.note(error, canBeFixedOutside(error.code, state));
    await this.#need.wait().catch(() => undefined);
    if (signal.aborted || !this.#state.hasStreamed) return;
    const isTaken = await answerOf(
      () => isTakenOver(this.#settings, signal),
      (silence, failures) => {
        this.#troubles.note('kafka', silence);
        return this.#wait(silence, failures, signal);
      },
      signal,
    );
    if (!isTaken || signal.aborted) return;
    const message = `Another capture of pipeline ${this.#settings.config.pipeline} has taken over while this one waited.`;
    await this.#hold(
      { error: new PipelineError('KAFKA_FENCED', message), isFatal: true, state: 'failed' },
      signal,
    );
  }

  /** Perhaps there never was a broker there: whoever started the process is told to look at the setting. */
  #neverReachedKafka(error: PipelineError): boolean {
    return !this.#state.hasStreamed && error.code === 'KAFKA_UNREACHABLE';
  }

  #gauge(): void {
    const session = this.#observe();
    const { journal } = this.#state;
    if (journal !== null) this.#metrics.journal(journal.alerts.length, journal.stopped.length);
    if (session !== null) {
      const { stream, queuedBytes: bytes, queuedEvents: items, snapshotJobStore } = session;
      this.#metrics.progress({
        file: stream.sequence.file,
        position: stream.position.position,
        lastCommitMs: stream.transaction.committedAtMs,
        queue: { bytes, items, capacityBytes: this.#settings.config.memory.queueBytes },
        refused: session.refusedTables.length,
        jobs: snapshotJobStore.shownJobs,
      });
    }
    this.#metrics.headroom(Date.now());
    // Before the first event nothing is known but this: for so long nothing was read.
    this.#metrics.lag(this.#watch.behindSeconds(session) ?? performance.now() / 1000);
  }

  /** Looks at the session, if there is one: what holds it up is told while it does, and that it is over as soon as records arrive again. */
  #observe(): CaptureSession | null {
    const session = sessionOf(this.#state);
    if (session === null) return null;
    this.#watch.look(session);
    const trouble = session.kafkaError;
    if (trouble !== null) this.#troubles.note('kafka', trouble.error);
    if (trouble === null && session.hasPublished) {
      this.#troubles.over('kafka');
      this.#troubles.over('stream');
    }
    const streaming = session.snapshotJobStore.isBusy ? 'snapshot' : 'stream';
    this.#enter({ kind: isStuck(this.#condition()) ? 'stall' : streaming });
    return session;
  }

  #condition(): CaptureCondition {
    const { name, journal } = this.#state;
    const session = sessionOf(this.#state);
    return {
      state: name,
      kafka: session?.kafkaError ?? null,
      standsForMs: session === null ? 0 : this.#watch.standsForMs,
      heartbeatMs: this.#settings.config.source.heartbeatIntervalMs,
      kafkaError: this.#troubles.of('kafka'),
      streamError: this.#troubles.of('stream'),
      alerts: journal?.alerts.length ?? 0,
      sourceGap: session?.gaps.replica?.found ?? null,
      refused: session?.refusedTables.length ?? 0,
      stopped: journal?.stopped.length ?? 0,
      letters: this.#letters.count,
    };
  }

  health(): HealthReport {
    this.#observe();
    return captureHealth(this.#condition());
  }

  /** Null while nothing is read from the source. */
  get snapshotController(): SnapshotController | null {
    return sessionOf(this.#state)?.snapshotController ?? null;
  }

  status(): unknown {
    return captureStatus({
      settings: this.#settings,
      config: this.#loaded,
      behindSeconds: this.#watch.behindSeconds(this.#observe()),
      state: this.#state,
      rowsPublished: this.#metrics.rowsPublished,
      rates: this.#metrics.rates,
      openDeadLetters: this.#letters.count.open,
      lastError: this.#troubles.lastError,
    });
  }

  ddlRoutes(): readonly OpsRoute[] {
    const { kafka, prefix } = this.#settings;
    return ddlRoutes({
      journal: () => this.#state.journal,
      publish: (record) => publishCleared(kafka, prefix, record),
      onStored: (record) => {
        this.#state.journal?.clear(record);
        if (sessionOf(this.#state) === null) this.#late.note(record);
      },
      isOwner: async () => sessionOf(this.#state)?.confirm(),
      onResumed: (table) => sessionOf(this.#state)?.resume(parseTableId(table)),
      log: this.#log,
    });
  }
}

/** What has to work again before the error is over. */
function subjectOf({ code }: PipelineError): 'kafka' | 'stream' {
  return code.startsWith('KAFKA_') ? 'kafka' : 'stream';
}
