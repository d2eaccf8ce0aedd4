import { auditTopic, checkpointsTopic } from '@sluice/envelope';
import {
  AuditTrail,
  groupHasOffsets,
  kafkaClient,
  PlainProducer,
  RecordSeals,
  TopicReader,
} from '@sluice/kafka';
import {
  abortableDelay,
  ownNameOf,
  parseSection,
  PipelineError,
  settlesWithin,
  type Logger,
  type OpsServers,
  type RunningService,
  type ServiceContext,
} from '@sluice/runtime';
import { Breaker, type BreakerState } from './breaker.ts';
import type { SinkDefinition } from './definition.ts';
import { settingsDigest } from './dead-letters/halt.ts';
import { DeadLetterManager } from './dead-letters/dead-letter-manager.ts';
import { FirstContact } from './first-contact.ts';
import { DeadLetterProducer } from './dead-letter-producer.ts';
import { HeldTables } from './held-tables.ts';
import { toKnownError } from './known-error.ts';
import { LatencyWindow } from './latency-window.ts';
import { noteLostRows } from './lost-rows.ts';
import { DeadLetterLog } from './dead-letter-log.ts';
import { SinkMetrics } from './metrics.ts';
import { newWorkerContext } from './new-worker-context.ts';
import { removeReplaced } from './rebuild/replaced.ts';
import { retryUntilReady } from './retry-until-ready.ts';
import type { SinkSettings } from './settings.ts';
import { sinkInstance } from './sink-instance.ts';
import { checkSinkName, sinksOfType } from './sink-name.ts';
import type { Sink } from './sink.ts';
import { startSinkPages } from './sink-pages.ts';
import { SinkReader } from './sink-reader.ts';
import { newState } from './status.ts';
import { refuseSplitTopics } from './split-topics.ts';
import { refuseSharedSpots } from './store-spots.ts';
import { StoreWatch } from './store-watch.ts';
import { TableSelection } from './table-selection.ts';
import { TablesWatch } from './tables-watch.ts';
import { forgetDeletes, tombstoneLifeMs } from './tombstone-life.ts';
import type { WorkerContext } from './worker-context.ts';

const PING_MS = 5000;
const LOOK_MS = 60_000;
const WATCH_MS = 1000;
const LAG_MS = 10_000;
/** How late a sink hears of its operators (`dlq replay`, `sink pause` …), and `/status` of a dead letter. */
const LETTERS_MS = 2000;
const PURGE_MS = 3_600_000;
/** For what waits for a broker or a store that is away. */
const SHUTDOWN_TIMEOUT_MS = 3_000;

/** A sink's process: the store and Kafka opened, the topics read, and what an operator sees of it. */
export class SinkService<C extends SinkSettings> implements RunningService {
  readonly done: Promise<void>;
  readonly #name: string;
  readonly #section: string;
  readonly #group: string;
  readonly #prefix: string;
  readonly #settings: C;
  readonly #selection: TableSelection;
  readonly #log: Logger;
  readonly #sink: Sink;
  readonly #contact: FirstContact;
  readonly #kafka: ReturnType<typeof kafkaClient>;
  readonly #producer: PlainProducer;
  readonly #topics: TopicReader;
  readonly #deadLetterProducer: DeadLetterProducer;
  readonly #deadLetters: DeadLetterManager;
  readonly #breaker: Breaker;
  readonly #metrics: SinkMetrics;
  readonly #latency = new LatencyWindow();
  readonly #deadLetterLog: DeadLetterLog;
  readonly #state = newState();
  readonly #stop = new AbortController();
  readonly #workerContext: WorkerContext;
  readonly #reader: SinkReader;
  readonly #store: StoreWatch;
  readonly #tables: TablesWatch;
  readonly #context: ServiceContext;
  readonly #audit: AuditTrail;
  #ops: OpsServers | null = null;

  constructor(definition: SinkDefinition<C>, context: ServiceContext, name = definition.type) {
    const { config, log, metrics } = context;
    checkSinkName(config, name, definition.type);
    refuseSplitTopics(config, name);
    this.#context = context;
    this.#name = name;
    this.#section = `sinks.${name}`;
    this.#group = `${config.pipeline}.${name}`;
    this.#prefix = config.topics.prefix;
    this.#settings = parseSection(config, ['sinks', name], definition.schema);
    refuseSharedSpots(config, sinksOfType(config, definition), name, definition.storeSpots);
    this.#selection = new TableSelection(this.#settings, config.source.tables);
    this.#log = log;
    this.#deadLetterLog = new DeadLetterLog(log, this.#name, () => performance.now());
    this.#metrics = new SinkMetrics(metrics.registry, this.#name, this.#group);
    this.#audit = new AuditTrail({
      kafka: config.kafka,
      topic: auditTopic(this.#prefix),
      topics: config.topics,
      service: `sink-${this.#name}`,
      log,
      registry: metrics.registry,
    });
    this.#kafka = kafkaClient(config.kafka, log);
    this.#producer = new PlainProducer(this.#kafka);
    this.#topics = this.#newTopicReader();
    this.#deadLetterProducer = new DeadLetterProducer(this.#kafka, this.#producer, config.topics, this.#name);
    this.#deadLetters = this.#newDeadLetterManager();
    this.#breaker = new Breaker({ ...this.#settings.breaker, onChange: (state) => this.#onBreaker(state) });
    const hasProgress = (): Promise<boolean> => groupHasOffsets(this.#kafka, this.#group);
    this.#contact = new FirstContact(definition.place?.(this.#settings, this.#section), hasProgress);
    this.#sink = this.#newSink(definition, hasProgress);
    this.#workerContext = newWorkerContext({
      name,
      section: this.#section,
      prefix: this.#prefix,
      group: this.#group,
      config,
      settings: this.#settings,
      selection: this.#selection,
      sink: this.#sink,
      breaker: this.#breaker,
      kafka: this.#kafka,
      topics: this.#topics,
      deadLetters: this.#deadLetters,
      deadLetterProducer: this.#deadLetterProducer,
      deadLetterLog: this.#deadLetterLog,
      metrics: this.#metrics,
      latency: this.#latency,
      tracing: context.tracing,
      held: new HeldTables((id) => this.#deadLetters.isReleased(id)),
      state: this.#state,
      stopping: this.#stop.signal,
      log,
    });
    this.#reader = this.#newReader();
    this.#store = new StoreWatch(() => this.#sink.ping(), this.#state);
    this.#tables = new TablesWatch(this.#sink, this.#state, log);
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
      Promise.resolve(this.#ops?.close()).then(() => this.#audit.close()),
    );
  }

  async #end(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort(new DOMException('the sink stops', 'AbortError'));
    await this.#reader.close();
    await settlesWithin(SHUTDOWN_TIMEOUT_MS, this.done);
    this.#breaker.close();
    this.#deadLetters.close();
    this.#topics.close();
    const rest = [this.#sink.close(), this.#producer.close()];
    await settlesWithin(SHUTDOWN_TIMEOUT_MS, Promise.allSettled(rest));
  }

  async #run(): Promise<void> {
    try {
      this.#ops = await this.#startPages();
      await retryUntilReady(() => this.#open(), {
        signal: this.#stop.signal,
        backoff: this.#settings.retry,
        onFailure: (error, attempt) => this.#onWaiting('open', 'service', error, attempt),
      });
      this.#state.troubles.over('service');
      const watch = Promise.all([
        this.#every(PING_MS, () => this.#store.ping()),
        this.#every(LOOK_MS, () => this.#tables.look()),
        this.#every(LOOK_MS, () => removeReplaced(this.#sink, Date.now(), this.#log)),
        this.#every(WATCH_MS, async () => {
          this.#reader.watch();
          this.#store.watch();
          this.#deadLetterLog.watch();
        }),
        this.#every(LAG_MS, () => this.#reader.measureLag()),
        this.#every(LAG_MS, () => this.#reader.storePassed()),
        this.#every(LETTERS_MS, () => this.#lookAtLetters()),
        this.#every(PURGE_MS, () =>
          forgetDeletes(this.#sink, this.#tombstoneLifeMs(), this.#stop.signal, this.#log),
        ),
      ]);
      await Promise.race([this.#reader.run(), watch]);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#remember('service', error);
      throw error;
    }
  }

  async #open(): Promise<void> {
    await this.#contact.open(() => this.#sink.open(this.#stop.signal));
    await this.#deadLetterProducer.open();
    await this.#producer.connect();
    await this.#deadLetters.open(this.#sink.offsets);
    this.#workerContext.skipped.begin();
    await this.#sink.refill?.(() => noteLostRows(this.#kafka, this.#workerContext));
    this.#workerContext.deadLetterRate.restore(this.#deadLetters.recentDeadLetters(Date.now()));
  }

  #onBreaker(state: BreakerState): void {
    this.#state.breaker = state;
    this.#metrics.breaker(state);
    this.#log.warn({ event: 'breaker.changed', sink: this.#name, state }, `breaker ${state}`);
    this.#reader.onBreaker(state);
  }

  #newSink(definition: SinkDefinition<C>, hasProgress: () => Promise<boolean>): Sink {
    const { config, log, metrics } = this.#context;
    return definition.create(this.#settings, {
      pipeline: config.pipeline,
      name: this.#name,
      section: this.#section,
      named: ownNameOf(config, this.#name),
      sourceTables: this.#selection.patterns,
      prefix: this.#prefix,
      group: this.#group,
      tombstoneLifeMs: this.#tombstoneLifeMs(),
      hasProgress,
      log,
      registry: metrics.registry,
    });
  }

  /** A checkpoint without a seal is passed over, as capture does: a forged one could say of any generation that it has come. */
  #newTopicReader(): TopicReader {
    const { kafka } = this.#context.config;
    const checkpoints = checkpointsTopic(this.#prefix);
    const sealed = {
      seals: RecordSeals.of(kafka),
      has: (topic: string) => topic === checkpoints,
      onUnsealed: () => undefined,
    };
    return new TopicReader({ kafka, signal: this.#stop.signal, sealed });
  }

  #newDeadLetterManager(): DeadLetterManager {
    const { kafka: config, topics } = this.#context.config;
    return new DeadLetterManager({
      config,
      kafka: this.#kafka,
      producer: this.#producer,
      topics,
      sink: this.#name,
      signal: this.#stop.signal,
      settings: settingsDigest(this.#context.config, this.#name, this.#settings),
      log: this.#log,
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

  #newReader(): SinkReader {
    return new SinkReader({
      kafka: this.#kafka,
      topicIds: () => this.#topics.topicIds(),
      context: this.#workerContext,
      clientId: this.#context.config.kafka.clientId,
      memberData: () => sinkInstance(this.#name, this.#settings.ops, this.#ops?.port ?? 0),
      onFailure: (error, attempt) => this.#onWaiting('read topics', 'kafka', error, attempt),
    });
  }

  #startPages(): Promise<OpsServers> {
    return startSinkPages({
      service: this.#context,
      context: this.#workerContext,
      section: this.#section,
      deadLetters: this.#deadLetters,
      pauses: this.#reader.pauses,
      audit: this.#audit,
    });
  }

  #tombstoneLifeMs(): number {
    return tombstoneLifeMs(this.#settings.tombstoneDays, this.#context.config.topics);
  }

  /** An unreachable broker is no news of the letters; a halt ends the service. */
  async #lookAtLetters(): Promise<void> {
    try {
      await this.#deadLetters.refresh();
    } catch (error) {
      if (!(error instanceof PipelineError) || error.errorClass !== 'retryable') throw error;
      this.#log.debug({ err: error }, 'dead letters not counted');
    }
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

  async #every(ms: number, action: () => Promise<void>): Promise<void> {
    for (;;) {
      await action();
      await abortableDelay(ms, this.#stop.signal);
    }
  }
}
