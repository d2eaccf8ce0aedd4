import { parseTableId } from '@sluice/envelope';
import {
  PipelineError,
  Troubles,
  type HealthReport,
  type Logger,
  type OperatorNeed,
  type OpsRoute,
  type ServiceContext,
  type Tracing,
} from '@sluice/runtime';
import { KnownTopics } from './catalog/known-topics.ts';
import { captureRoutes } from './ops/capture-routes.ts';
import { CaptureView } from './ops/capture-view.ts';
import { ddlRoutes, publishCleared } from './ops/ddl-routes.ts';
import { sourceRoutes } from './ops/source-routes.ts';
import type { CaptureSession } from './session/capture-session.ts';
import { CurrentState } from './session/current-state.ts';
import { LateDecisions } from './session/late-decisions.ts';
import { CaptureMetrics } from './session/metrics.ts';
import { OpenDeadLetters } from './session/open-dead-letters.ts';
import { RefusalNews } from './session/refusal-news.ts';
import { isFenced, orFenced, SessionEnd, type Ended } from './session/session-end.ts';
import { SourceOrders, type OrderAnswer } from './session/source-orders.ts';
import { startSession, type StartSteps } from './session/start.ts';
import { StreamWatch } from './session/stream-watch.ts';
import { captureSettings, type CaptureSettings } from './settings/capture-settings.ts';
import { isLedByAnother, type Fellow } from './standby/fellows.ts';
import { Handover } from './standby/handover.ts';
import { Standby } from './standby/standby.ts';
import type { SourceOrder } from './source/choose-host.ts';
import { waitsFor } from './standby/waits-for.ts';
import type { SnapshotController } from './snapshot/snapshot-controller.ts';

/** A session this long was a success, as one that got on with the stream: the next failure starts the backoff from its beginning. */
const STEADY_MS = 60_000;
const GAUGE_MS = 1000;

/** One session after the other, until it is told to stop. */
export class Capture {
  readonly #settings: CaptureSettings;
  readonly #metrics: CaptureMetrics;
  readonly #tracing: Tracing | null;
  readonly #log: Logger;
  readonly #topics = new KnownTopics();
  readonly #late = new LateDecisions();
  readonly #orders: SourceOrders;
  readonly #refusals: RefusalNews;
  readonly #troubles = new Troubles();
  readonly #letters: OpenDeadLetters;
  readonly #watch: StreamWatch;
  readonly #need: OperatorNeed;
  readonly #state: CurrentState;
  readonly #end: SessionEnd;
  readonly #view: CaptureView;
  readonly #standby: Standby;
  readonly #handover: Handover;
  /** Ends what this process says of itself to other captures: after its last session. */
  readonly #gone = new AbortController();
  /** Ends the session for the standby that is its reason. */
  #handing = new AbortController();
  /** Ends the session so that the next one reads the server of the order. */
  #moving = new AbortController();

  constructor({ config, loaded, log, metrics: { registry }, need, tracing }: ServiceContext) {
    const settings = captureSettings(config, process.argv.slice(2), log);
    const metrics = new CaptureMetrics(registry, settings.serverName);
    const troubles = this.#troubles;
    this.#settings = settings;
    this.#metrics = metrics;
    this.#tracing = tracing;
    this.#log = log;
    this.#need = need;
    this.#orders = new SourceOrders(config.source.hosts, log);
    const letters = new OpenDeadLetters(settings, (open) => metrics.deadLetters(open), log);
    this.#letters = letters;
    this.#refusals = new RefusalNews(metrics, log);
    const watch = new StreamWatch(config.source.heartbeatIntervalMs);
    this.#watch = watch;
    const state = new CurrentState(settings.acceptLostCheckpoint, metrics, log);
    this.#state = state;
    this.#end = new SessionEnd({ state, troubles, need, metrics, log });
    const view = new CaptureView({ settings, loaded, state, watch, troubles, letters, metrics });
    this.#view = view;
    const onRequest = (to: string | null): void => void this.#handover.heed(to).catch(() => undefined);
    const self = { state: () => state.name, isWell: () => view.isWell(), log, signal: this.#gone.signal };
    const standby = new Standby({ ...self, settings, onRequest });
    this.#standby = standby;
    this.#handover = new Handover({ ...self, standby, yieldTo: (instance) => this.#yieldTo(instance) });
  }

  /**
   * Resolves after the signal; throws the first error that ends the process. Everything else is tried again: once it has streamed, for
   * ever, and an error that a person has to end when the person may have acted.
   */
  async run(signal: AbortSignal): Promise<void> {
    const gauges = setInterval(() => this.#view.gauge(this.#standby), GAUGE_MS);
    const ended = new AbortController();
    const letters = this.#letters.run(AbortSignal.any([signal, ended.signal]));
    const standby = this.#standby.run();
    try {
      while (!signal.aborted) {
        const end = await this.#runSession(signal);
        if (end !== null) await this.#end.wait(end, signal, this.#moving.signal);
      }
      this.#state.enter({ kind: 'stop' });
    } finally {
      clearInterval(gauges);
      ended.abort();
      await this.#standby.end();
      this.#gone.abort();
      await Promise.all([letters, standby]);
    }
  }

  /** From a start to the end of its session; the error that ended it, or null when it was told to stop, or stands by from here on. */
  async #runSession(stop: AbortSignal): Promise<Ended | null> {
    const begun = performance.now();
    const [handing, moving] = [new AbortController(), new AbortController()];
    this.#handing = handing;
    this.#moving = moving;
    const signal = AbortSignal.any([stop, handing.signal, moving.signal]);
    let session: CaptureSession | null = null;
    this.#late.begin();
    try {
      session = await this.#start(signal);
      this.#orders.obeyed(session.source);
      this.#late.tell(session.journal);
      this.#watch.restart();
      this.#state.enter({ kind: 'open', session });
      await session.run(signal);
    } catch (thrown) {
      if (!signal.aborted || thrown instanceof PipelineError) {
        const error = await orFenced(thrown, session, signal);
        if (isFenced(error)) return await this.#fenced();
        this.#orders.giveUp(error);
        const wasSteady = session?.hasAdvanced === true || performance.now() - begun > STEADY_MS;
        return this.#end.note(error, {
          wasSteady,
          isGenerationDurable: session?.isGenerationDurable === true,
        });
      }
    } finally {
      await session?.close();
    }
    if (!stop.aborted && handing.signal.aborted) return this.#handedOver(String(handing.signal.reason));
    if (!stop.aborted && moving.signal.aborted) {
      const isGenerationDurable = session?.isGenerationDurable === true;
      this.#state.enter({ kind: 'interrupt', wasSteady: true, isGenerationDurable });
      return null;
    }
    this.#state.enter({ kind: 'stop' });
    return null;
  }

  #start(signal: AbortSignal): Promise<CaptureSession> {
    const { acceptLostCheckpoint, hasStreamed } = this.#state.now;
    const [settings, metrics, tracing, log] = [this.#settings, this.#metrics, this.#tracing, this.#log];
    const [topics, refusals, standby] = [this.#topics, this.#refusals, this.#standby];
    const tools = { topics, refusals, standby, metrics, tracing, log };
    const orders = this.#orders;
    const options = {
      settings,
      acceptLostCheckpoint,
      hasStreamed,
      // Read at each check: a start that comes to stand by obeys no order any more.
      get order() {
        return orders.waiting;
      },
      ...tools,
    };
    const steps: StartSteps = {
      onStep: (kind) => this.#state.enter({ kind }),
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
    if (!this.#standby.own.leads) this.#orders.drop();
    const isNew = this.#state.name !== 'standby';
    this.#state.enter({ kind: 'standBy', leaderIsWell: leader?.isHeard === true && leader.record.isWell });
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
    this.#orders.drop();
    this.#log.warn({ event: 'capture.fenced', code: 'KAFKA_FENCED' }, 'another capture has taken over');
    await this.#standby.turn.fenced();
    this.#state.enter({ kind: 'standBy', leaderIsWell: true });
    return null;
  }

  #yieldTo(instance: string): boolean {
    if (this.#state.session === null) return false;
    this.#handing.abort(instance);
    return true;
  }

  #readFrom(order: SourceOrder): OrderAnswer {
    const { session } = this.#state;
    const from = session?.source.address ?? (this.#standby.own.leads ? this.#orders.lastRead : null);
    if (from === null) return { why: this.#notHere() };
    return this.#orders.take(order, from, session !== null, () => this.#moving.abort());
  }

  get #isLedByAnother(): boolean {
    return this.#state.name === 'standby' || isLedByAnother(this.#standby.own, this.#standby.leader);
  }

  #notHere(): string {
    const leader = this.#standby.leader?.record.instance ?? null;
    const whom = leader === null ? 'no capture is known to lead' : `ask ${leader}, which leads`;
    return `this capture reads no source just now: ${whom}`;
  }

  async #handedOver(to: string): Promise<null> {
    this.#orders.drop();
    await this.#standby.handedTo(to);
    this.#log.info({ event: 'capture.handed_over', to }, `handed over to ${to}`);
    this.#state.enter({ kind: 'standBy', leaderIsWell: true });
    return null;
  }

  /** Null while nothing is read from the source. */
  get snapshotController(): SnapshotController | null {
    return this.#state.session?.snapshotController ?? null;
  }

  health(): HealthReport {
    return this.#view.health();
  }

  status(): unknown {
    return this.#view.status(this.#handover);
  }

  captureRoutes(): readonly OpsRoute[] {
    return captureRoutes(this.#handover);
  }

  sourceRoutes(): readonly OpsRoute[] {
    return sourceRoutes(() => ({
      session: this.#state.session,
      leader: this.#standby.leader?.record.instance ?? null,
      readFrom: (order) => this.#readFrom(order),
    }));
  }

  ddlRoutes(): readonly OpsRoute[] {
    const { kafka, prefix } = this.#settings;
    return ddlRoutes({
      elsewhere: () => (this.#isLedByAnother ? this.#notHere() : null),
      journal: () => this.#state.now.journal,
      publish: (record) => publishCleared(kafka, prefix, record),
      onStored: (record) => {
        this.#state.now.journal?.clear(record);
        if (this.#state.session === null) this.#late.note(record);
      },
      isOwner: async () => this.#state.session?.confirm(),
      onResumed: (table) => this.#state.session?.resume(parseTableId(table)),
      log: this.#log,
    });
  }
}
