import { groupHasOffsets } from '@sluice/kafka';
import {
  ownNameOf,
  settlesWithin,
  type Logger,
  type OpsServers,
  type PipelineError,
  type RunningService,
  type ServiceContext,
} from '@sluice/runtime';
import { Breaker, type BreakerState } from './breaker.ts';
import type { SinkDefinition } from './definition.ts';
import { settingsDigest } from './dead-letters/halt.ts';
import { DeadLetterManager } from './dead-letters/dead-letter-manager.ts';
import { FirstContact } from './first-contact.ts';
import { HeldTables } from './held-tables.ts';
import { toKnownError } from './known-error.ts';
import { LatencyWindow } from './latency-window.ts';
import { noteLostRows } from './lost-rows.ts';
import { DeadLetterLog } from './dead-letter-log.ts';
import { SinkMetrics } from './metrics.ts';
import { newWorkerContext } from './new-worker-context.ts';
import { retryUntilReady } from './retry-until-ready.ts';
import type { SinkSettings } from './settings.ts';
import { identifySink, type SinkIdentity } from './sink-identity.ts';
import { sinkInstance } from './sink-instance.ts';
import { newSinkKafka, type SinkKafka } from './sink-kafka.ts';
import type { Sink } from './sink.ts';
import { startSinkPages } from './sink-pages.ts';
import { SinkReader } from './sink-reader.ts';
import { makeRounds } from './sink-rounds.ts';
import { newState } from './status.ts';
import { StoreWatch } from './store-watch.ts';
import { TablesWatch } from './tables-watch.ts';
import type { WorkerContext } from './worker-context.ts';

/** For what waits for a broker or a store that is away. */
const SHUTDOWN_TIMEOUT_MS = 3_000;

/** A sink's process: the store and Kafka opened, the topics read, and what an operator sees of it. */
export class SinkService<C extends SinkSettings> implements RunningService {
  readonly done: Promise<void>;
  readonly #identity: SinkIdentity<C>;
  readonly #context: ServiceContext;
  readonly #log: Logger;
  readonly #kafka: SinkKafka;
  readonly #sink: Sink;
  readonly #contact: FirstContact;
  readonly #deadLetters: DeadLetterManager;
  readonly #breaker: Breaker;
  readonly #metrics: SinkMetrics;
  readonly #deadLetterLog: DeadLetterLog;
  readonly #state = newState();
  readonly #stop = new AbortController();
  readonly #workerContext: WorkerContext;
  readonly #reader: SinkReader;
  #ops: OpsServers | null = null;

  constructor(definition: SinkDefinition<C>, context: ServiceContext, name = definition.type) {
    const { log, metrics } = context;
    const identity = identifySink(definition, context.config, name);
    const { group, settings, section } = identity;
    this.#identity = identity;
    this.#context = context;
    this.#log = log;
    this.#deadLetterLog = new DeadLetterLog(log, name, () => performance.now());
    this.#metrics = new SinkMetrics(metrics.registry, name, group);
    this.#kafka = newSinkKafka(context, identity, this.#stop.signal);
    this.#deadLetters = this.#newDeadLetterManager();
    this.#breaker = new Breaker({ ...settings.breaker, onChange: (state) => this.#onBreaker(state) });
    const hasProgress = (): Promise<boolean> => groupHasOffsets(this.#kafka.kafka, group);
    this.#contact = new FirstContact(definition.place?.(settings, section), hasProgress);
    this.#sink = this.#newSink(definition, hasProgress);
    this.#workerContext = this.#newWorkerContext();
    this.#reader = this.#newReader();
    this.done = Promise.resolve().then(() => this.#run());
    this.done.catch(() => undefined);
  }

  /** Drains the running batches, commits, and disconnects from Kafka and the store; the pages still answer. */
  async halt(): Promise<void> {
    this.#state.phase = 'failed';
    await this.#end();
  }

  /** The same, and the pages end. */
  async close(): Promise<void> {
    this.#state.phase = 'stopping';
    await this.#end();
    await settlesWithin(
      SHUTDOWN_TIMEOUT_MS,
      Promise.resolve(this.#ops?.close()).then(() => this.#kafka.audit.close()),
    );
  }

  async #end(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort(new DOMException('the sink stops', 'AbortError'));
    await this.#reader.close();
    await settlesWithin(SHUTDOWN_TIMEOUT_MS, this.done);
    this.#breaker.close();
    this.#deadLetters.close();
    this.#kafka.topics.close();
    const rest = [this.#sink.close(), this.#kafka.producer.close()];
    await settlesWithin(SHUTDOWN_TIMEOUT_MS, Promise.allSettled(rest));
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    try {
      this.#ops = await this.#startPages();
      await retryUntilReady(() => this.#open(), {
        signal,
        backoff: this.#identity.settings.retry,
        onFailure: (error, attempt) => this.#onWaiting('open', 'service', error, attempt),
      });
      this.#state.troubles.over('service');
      const rounds = this.#makeRounds();
      await Promise.race([this.#reader.run(), rounds]);
    } catch (error) {
      if (signal.aborted) return;
      this.#remember('service', error);
      throw error;
    }
  }

  async #open(): Promise<void> {
    const { deadLetterProducer, producer, kafka } = this.#kafka;
    await this.#contact.open(() => this.#sink.open(this.#stop.signal));
    await deadLetterProducer.open();
    await producer.connect();
    await this.#deadLetters.open(this.#sink.offsets);
    this.#workerContext.skipped.begin();
    await this.#sink.refill?.(() => noteLostRows(kafka, this.#workerContext));
    this.#workerContext.deadLetterRate.restore(this.#deadLetters.recentDeadLetters(Date.now()));
  }

  #makeRounds(): Promise<void> {
    const sink = this.#sink;
    const parts = {
      sink,
      store: new StoreWatch(() => sink.ping(), this.#state),
      tables: new TablesWatch(sink, this.#state, this.#log),
      reader: this.#reader,
      deadLetters: this.#deadLetters,
      deadLetterLog: this.#deadLetterLog,
      tombstoneLifeMs: this.#identity.tombstoneLifeMs,
      log: this.#log,
    };
    return makeRounds(parts, this.#stop.signal);
  }

  #onBreaker(state: BreakerState): void {
    this.#state.breaker = state;
    this.#metrics.breaker(state);
    this.#log.warn({ event: 'breaker.changed', sink: this.#identity.name, state }, `breaker ${state}`);
    this.#reader.onBreaker(state);
  }

  #newSink(definition: SinkDefinition<C>, hasProgress: () => Promise<boolean>): Sink {
    const { config, log, metrics } = this.#context;
    const { name, section, group, prefix, settings, selection, tombstoneLifeMs } = this.#identity;
    return definition.create(settings, {
      pipeline: config.pipeline,
      name,
      section,
      named: ownNameOf(config, name),
      sourceTables: selection.patterns,
      prefix,
      group,
      tombstoneLifeMs,
      hasProgress,
      log,
      registry: metrics.registry,
    });
  }

  #newDeadLetterManager(): DeadLetterManager {
    const { config, log } = this.#context;
    const { name, settings } = this.#identity;
    return new DeadLetterManager({
      config: config.kafka,
      kafka: this.#kafka.kafka,
      producer: this.#kafka.producer,
      topics: config.topics,
      sink: name,
      signal: this.#stop.signal,
      settings: settingsDigest(config, name, settings),
      log,
      onError: (error) => this.#metrics.error(error),
      onDepth: (letters) => {
        this.#state.openDeadLetters = letters;
        this.#metrics.depth(letters);
      },
      onReplayed: (result) => this.#metrics.replayed(result),
      onPauses: (paused) => {
        if (paused.length < this.#state.operatorPauses.length) this.#sink.resumed?.();
        this.#state.operatorPauses = paused;
        this.#reader.wake('operator', 'all');
      },
      onReleased: () => {
        this.#reader.wake('strict', 'all');
        this.#reader.wake('ddl', 'all');
      },
    });
  }

  #newWorkerContext(): WorkerContext {
    const { config, tracing } = this.#context;
    const { name, section, prefix, group, settings, selection } = this.#identity;
    const { kafka, topics, deadLetterProducer } = this.#kafka;
    const identity = { name, section, prefix, group, settings, selection };
    return newWorkerContext({
      ...identity,
      config,
      sink: this.#sink,
      breaker: this.#breaker,
      kafka,
      topics,
      deadLetters: this.#deadLetters,
      deadLetterProducer,
      deadLetterLog: this.#deadLetterLog,
      metrics: this.#metrics,
      latency: new LatencyWindow(),
      tracing,
      held: new HeldTables((id) => this.#deadLetters.isReleased(id)),
      state: this.#state,
      stopping: this.#stop.signal,
      log: this.#log,
    });
  }

  #newReader(): SinkReader {
    const { kafka, topics } = this.#kafka;
    const { name, settings } = this.#identity;
    return new SinkReader({
      kafka,
      topicIds: () => topics.topicIds(),
      context: this.#workerContext,
      clientId: this.#context.config.kafka.clientId,
      memberData: () => sinkInstance(name, settings.ops, this.#ops?.port ?? 0),
      onFailure: (error, attempt) => this.#onWaiting('read topics', 'kafka', error, attempt),
    });
  }

  #startPages(): Promise<OpsServers> {
    return startSinkPages({
      service: this.#context,
      context: this.#workerContext,
      section: this.#identity.section,
      deadLetters: this.#deadLetters,
      reader: this.#reader,
      audit: this.#kafka.audit,
    });
  }

  #remember(about: string, error: unknown): void {
    const known = toKnownError(error);
    this.#state.troubles.note(about, known);
    const { topic } = known.context;
    if (known.code === 'DATA_GAP' && typeof topic === 'string') this.#metrics.dataGap(topic);
  }

  #onWaiting(what: string, about: string, error: PipelineError, attempt: number): void {
    if (attempt === 0)
      this.#log.warn({ event: 'start.waiting', err: error }, `cannot ${what} yet; trying again`);
    this.#remember(about, error);
  }
}
