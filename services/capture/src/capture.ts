import { parseTableId } from '@sluice/envelope';
import type { CaptureStateName } from '@sluice/ops-api';
import {
  abortableDelay,
  fullJitter,
  PipelineError,
  Troubles,
  type HealthReport,
  type LoadedConfig,
  type Logger,
  type OperatorNeed,
  type OpsRoute,
  type ServiceContext,
} from '@sluice/runtime';
import { KnownTopics } from './catalog/known-topics.ts';
import { captureRoutes } from './ops/capture-routes.ts';
import { ddlRoutes, publishCleared } from './ops/ddl-routes.ts';
import { captureHealth, isStuck, type CaptureCondition } from './ops/health.ts';
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
import { RefusalNews } from './session/refusal-news.ts';
import { startSession, type StartSteps } from './session/start.ts';
import { StreamWatch } from './session/stream-watch.ts';
import { captureSettings, type CaptureSettings } from './settings/capture-settings.ts';
import type { Fellow } from './standby/fellows.ts';
import { Handover } from './standby/handover.ts';
import { isSignOfLife } from './standby/sign-of-life.ts';
import { Standby } from './standby/standby.ts';
import { waitsFor } from './standby/waits-for.ts';
import type { SnapshotController } from './snapshot/snapshot-controller.ts';

const BACKOFF = { initialMs: 100, maxMs: 30_000 };
/** A session this long was a success, as one that got on with the stream: the next failure starts the backoff anew. */
const STEADY_MS = 60_000;
const GAUGE_MS = 1000;

/** What has ended a start or a session, and where capture was then. */
interface Ended {
  readonly error: PipelineError;
  readonly isFatal: boolean;
  readonly state: CaptureStateName;
}

/** One session after the other, until it is told to stop. */
export class Capture {
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
  readonly #standby: Standby;
  readonly #handover: Handover;
  /** Ends what this process says of itself to other captures: after its last session. */
  readonly #gone = new AbortController();
  #stateSinceMs = performance.now();
  /** Ends the session for the standby that is its reason. */
  #handing = new AbortController();
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
    this.#standby = new Standby({
      settings: this.#settings,
      state: () => this.#state.name,
      isWell: () => this.#isWell(),
      onRequest: (to) => void this.#handover.heed(to).catch(() => undefined),
      log,
      signal: this.#gone.signal,
    });
    this.#handover = new Handover({
      standby: this.#standby,
      yieldTo: (instance) => this.#yieldTo(instance),
      state: () => this.#state.name,
      isWell: () => this.#isWell(),
      log,
    });
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
    const standby = this.#standby.run();
    try {
      while (!signal.aborted) {
        const end = await this.#runSession(signal);
        if (end !== null)
          await (end.isFatal ? this.#hold(end) : this.#wait(end.error, this.#state.failures, signal));
      }
      this.#enter({ kind: 'stop' });
    } finally {
      clearInterval(gauges);
      ended.abort();
      await this.#standby.end();
      this.#gone.abort();
      await Promise.all([letters, standby]);
    }
  }

  /** Before the next start. */
  async #wait(error: PipelineError, failures: number, signal: AbortSignal): Promise<void> {
    const waitMs = fullJitter(failures - 1, BACKOFF, Math.random);
    const { code, message } = error;
    this.#log.warn({ event: 'capture.interrupted', code, err: error, waitMs }, message);
    await abortableDelay(waitMs, signal).catch(() => undefined);
  }

  /** From a start to the end of its session; the error that ended it, or null when it was told to stop, or stands by from here on. */
  async #runSession(stop: AbortSignal): Promise<Ended | null> {
    const begun = performance.now();
    const handing = new AbortController();
    this.#handing = handing;
    const signal = AbortSignal.any([stop, handing.signal]);
    let session: CaptureSession | null = null;
    this.#late.begin();
    try {
      session = await this.#start(signal);
      this.#late.tell(session.journal);
      this.#watch.restart();
      this.#enter({ kind: 'open', session });
      await session.run(signal);
    } catch (thrown) {
      if (!signal.aborted || thrown instanceof PipelineError) {
        const error = await orFenced(thrown, session, signal);
        if (isFenced(error)) return await this.#fenced();
        const wasSteady = session?.hasAdvanced === true || performance.now() - begun > STEADY_MS;
        return this.#told(error, { wasSteady, isGenerationDurable: session?.isGenerationDurable === true });
      }
    } finally {
      await session?.close();
    }
    if (!stop.aborted && handing.signal.aborted) return this.#handedOver(String(handing.signal.reason));
    this.#enter({ kind: 'stop' });
    return null;
  }

  #start(signal: AbortSignal): Promise<CaptureSession> {
    const { acceptLostCheckpoint, hasStreamed } = this.#state;
    const [settings, metrics, log] = [this.#settings, this.#metrics, this.#log];
    const [topics, refusals, standby] = [this.#topics, this.#refusals, this.#standby];
    const options = { settings, acceptLostCheckpoint, hasStreamed, topics, refusals, standby, metrics, log };
    const steps: StartSteps = {
      onStep: (kind) => this.#enter({ kind }),
      onWait: (leader) => this.#standsBy(leader),
      onChecked: (error) => this.#judge('stream', error),
      onLook: (error) => {
        // What ended a session is over when records arrive again.
        if (error !== null || this.#state.name === 'standby') this.#judge('kafka', error);
      },
    };
    return startSession(options, steps, signal);
  }

  #judge(about: 'kafka' | 'stream', error: PipelineError | null): void {
    if (error === null) this.#troubles.over(about);
    else this.#troubles.note(about, error);
  }

  #standsBy(leader: Fellow | null): void {
    const isNew = this.#state.name !== 'standby';
    this.#enter({ kind: 'standBy', leaderIsWell: leader?.isHeard === true && leader.record.isWell });
    if (!isNew) return;
    this.#troubles.over('stream');
    this.#need.over();
    const { takeoverMs } = this.#settings.config.capture.standby;
    this.#log.info(
      { event: 'capture.stands_by', leader: leader?.record.instance },
      waitsFor(leader, takeoverMs),
    );
  }

  /** Another capture has taken over: this one stands by. */
  async #fenced(): Promise<null> {
    this.#log.warn({ event: 'capture.fenced', code: 'KAFKA_FENCED' }, 'another capture has taken over');
    await this.#standby.fenced();
    this.#enter({ kind: 'standBy', leaderIsWell: true });
    return null;
  }

  #yieldTo(instance: string): boolean {
    if (sessionOf(this.#state) === null) return false;
    this.#handing.abort(instance);
    return true;
  }

  async #handedOver(to: string): Promise<null> {
    await this.#standby.handedTo(to);
    this.#log.info({ event: 'capture.handed_over', to }, `handed over to ${to}`);
    this.#enter({ kind: 'standBy', leaderIsWell: true });
    return null;
  }

  /** Every change of the state goes through here: log, metric and pages say the same word. */
  #enter(event: CaptureEvent<CaptureSession>): void {
    const before = this.#state.name;
    this.#state = next(this.#state, event);
    const { name } = this.#state;
    if (name === before) return;
    this.#stateSinceMs = performance.now();
    this.#metrics.state(name);
    this.#log.info({ event: 'capture.state', state: name, previous: before }, `capture: ${name}`);
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

  /** Until a person may have acted. Whoever has taken over meanwhile is not fenced for it: the next start stands by. */
  async #hold({ error, state }: Ended): Promise<void> {
    this.#need.note(error, canBeFixedOutside(error.code, state));
    await this.#need.wait().catch(() => undefined);
  }

  /** What other captures are told: a leader that does not get on gives no sign of life, a standby with trouble is not handed over to. */
  #isWell(): boolean {
    const { name } = this.#state;
    if (name === 'standby') return this.#troubles.of('stream') === null;
    this.#observe();
    return isSignOfLife(this.#state.name, performance.now() - this.#stateSinceMs);
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
    this.#metrics.leads(this.#standby.own.leads);
    if (this.#state.name === 'standby') return this.#metrics.standsBy();
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
      behindSeconds: this.#behindSeconds(),
      state: this.#state,
      captures: this.#handover.captures(),
      rowsPublished: this.#metrics.rowsPublished,
      rates: this.#metrics.rates,
      openDeadLetters: this.#letters.count.open,
      lastError: this.#troubles.lastError,
    });
  }

  #behindSeconds(): number | null {
    const session = this.#observe();
    return this.#state.name === 'standby' ? null : this.#watch.behindSeconds(session);
  }

  captureRoutes(): readonly OpsRoute[] {
    return captureRoutes(this.#handover);
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

/** A source ends the older of two readers: to take over from the newer one would only turn the tables, again and again. */
async function orFenced(
  error: unknown,
  session: CaptureSession | null,
  signal: AbortSignal,
): Promise<unknown> {
  if (!(error instanceof PipelineError) || signal.aborted || isFenced(error)) return error;
  if ((await session?.isFenced()) !== true) return error;
  return new PipelineError('KAFKA_FENCED', 'Another capture has taken over.', { cause: error });
}

function isFenced(error: unknown): boolean {
  return error instanceof PipelineError && error.code === 'KAFKA_FENCED';
}

/** What has to work again before the error is over. */
function subjectOf({ code }: PipelineError): 'kafka' | 'stream' {
  return code.startsWith('KAFKA_') ? 'kafka' : 'stream';
}
