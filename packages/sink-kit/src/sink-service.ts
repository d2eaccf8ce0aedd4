import {
  BatchConsumer,
  groupHasOffsets,
  type BatchVerdict,
  type ConsumedBatch,
  kafkaClient,
  listTopics,
  PlainProducer,
  type StartOffset,
} from '@sluice/kafka';
import { heartbeatTopic } from '@sluice/envelope';
import {
  abortableDelay,
  fullJitter,
  parseSection,
  PipelineError,
  startOpsServers,
  type Logger,
  type OpsServers,
  type RunningService,
  type ServiceContext,
} from '@sluice/runtime';
import { Breaker, BreakerOpenError, type BreakerState } from './breaker.ts';
import { decodeBatch } from './decode.ts';
import type { SinkDefinition } from './definition.ts';
import { selectTopics, TopicChanges } from './discovery.ts';
import { DiversionGuard } from './diversion.ts';
import { settingsDigest } from './dead-letters/halt.ts';
import { letterId } from './dead-letters/letter.ts';
import { LetterOffice } from './dead-letters/letter-office.ts';
import { strictTopics } from './dead-letters/strict-tables.ts';
import { Graveyard } from './graveyard.ts';
import { toKnownError } from './known-error.ts';
import { LatencyWindow } from './latency-window.ts';
import { SinkMetrics } from './metrics.ts';
import { PartitionWorker, type WorkerContext } from './partition-worker.ts';
import { Pauses } from './pauses.ts';
import type { SinkSettings } from './settings.ts';
import type { Delivery, Outcome, Sink } from './sink.ts';
import { healthOf, newState, rememberError, statusOf } from './status.ts';

const DISCOVERY_MS = 2000;
const PING_MS = 5000;
const LAG_MS = 10_000;

/** A sink's process: topics found, a consumer on them, a worker per partition, and what an operator sees of it. */
export class SinkService<C extends SinkSettings> implements RunningService {
  readonly done: Promise<void>;
  readonly #name: string;
  readonly #group: string;
  readonly #prefix: string;
  readonly #settings: C;
  readonly #log: Logger;
  readonly #sink: Sink;
  readonly #kafka: ReturnType<typeof kafkaClient>;
  readonly #producer: PlainProducer;
  readonly #graveyard: Graveyard;
  readonly #office: LetterOffice;
  readonly #breaker: Breaker;
  readonly #metrics: SinkMetrics;
  readonly #latency = new LatencyWindow();
  readonly #state = newState();
  readonly #stop = new AbortController();
  readonly #workers = new Map<string, PartitionWorker>();
  readonly #pauses: Pauses;
  readonly #workerContext: WorkerContext;
  readonly #context: ServiceContext;
  #consumer: BatchConsumer | null = null;
  #ops: OpsServers | null = null;

  constructor(definition: SinkDefinition<C>, context: ServiceContext) {
    const { config, log, metrics } = context;
    this.#context = context;
    this.#name = definition.name;
    this.#group = `${config.pipeline}.${definition.name}`;
    this.#prefix = config.topics.prefix;
    this.#settings = parseSection(config, ['sinks', definition.name], definition.schema);
    this.#log = log;
    this.#metrics = new SinkMetrics(metrics.registry, this.#name, this.#group);
    this.#kafka = kafkaClient(config.kafka, log);
    this.#producer = new PlainProducer(this.#kafka);
    this.#graveyard = new Graveyard(this.#kafka, this.#producer, config.topics, this.#name);
    this.#office = this.#newOffice();
    this.#breaker = new Breaker({ ...this.#settings.breaker, onChange: (state) => this.#onBreaker(state) });
    this.#pauses = new Pauses((where) => {
      this.#consumer?.resume(where);
      this.#metrics.paused(this.#pauses.counts());
    });
    this.#sink = definition.create(this.#settings, {
      pipeline: config.pipeline,
      prefix: this.#prefix,
      group: this.#group,
      hasProgress: () => groupHasOffsets(this.#kafka, this.#group),
      log,
      registry: metrics.registry,
    });
    this.#workerContext = this.#newWorkerContext();
    this.done = Promise.resolve().then(() => this.#run());
    this.done.catch(() => undefined);
  }

  /** Drains the running batches, commits, and disconnects. */
  async close(): Promise<void> {
    this.#state.phase = 'stopping';
    this.#stop.abort(new DOMException('the sink stops', 'AbortError'));
    this.#pauses.clear();
    await this.#consumer?.close();
    await this.done.catch(() => undefined);
    this.#breaker.close();
    this.#office.close();
    await Promise.allSettled([this.#sink.close(), this.#producer.close(), this.#ops?.close()]);
  }

  async #run(): Promise<void> {
    try {
      this.#ops = await this.#startOps();
      await this.#untilItWorks('open', () => this.#open());
      const watch = Promise.all([
        this.#every(PING_MS, () => this.#ping()),
        this.#every(LAG_MS, () => this.#measureLag()),
        this.#every(LAG_MS, () => this.#lookAtLetters()),
      ]);
      await Promise.race([this.#readTopics(), watch]);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#remember(error);
      throw error;
    }
  }

  async #open(): Promise<void> {
    await this.#sink.open(this.#stop.signal);
    await this.#graveyard.open();
    await this.#producer.connect();
    await this.#office.open(this.#sink.offsets);
    this.#workerContext.diversion.restore(this.#office.recentDiversions(Date.now()));
  }

  /** A consumer on all topics; a new one whenever there are others. */
  async #readTopics(): Promise<void> {
    const changes = new TopicChanges();
    this.#state.phase = 'waiting';
    for (;;) {
      const existing = await this.#untilItWorks('list topics', () => listTopics(this.#kafka, () => true));
      const topics = changes.observe(selectTopics(existing, this.#prefix));
      if (topics !== null) await this.#subscribe(topics);
      await Promise.race([this.#delay(DISCOVERY_MS), this.#consumer?.done ?? this.#delay(DISCOVERY_MS)]);
    }
  }

  async #subscribe(topics: readonly string[]): Promise<void> {
    this.#log.info({ event: 'topics.subscribed', topics }, 'reading topics');
    this.#state.phase = 'joining';
    this.#pauses.clear();
    await this.#consumer?.close();
    const { offsets } = this.#sink;
    const consumer = new BatchConsumer({
      kafka: this.#kafka,
      groupId: this.#group,
      topics,
      concurrency: this.#settings.concurrency,
      maxBytesPerPartition: this.#settings.fetchBytes,
      sessionTimeoutMs: this.#settings.sessionTimeoutMs,
      ...(offsets === undefined
        ? {}
        : { storedOffset: (topic, partition) => offsets.read(topic, partition) }),
      gapsAllowed: (topic) => topic === heartbeatTopic(this.#prefix),
      onAssigned: (partitions) => this.#onAssigned(partitions),
      handle: (batch, signal) => this.#handle(batch, signal),
      log: this.#log,
    });
    this.#consumer = consumer;
    await consumer.start();
  }

  #onAssigned(partitions: readonly StartOffset[]): void {
    this.#pauses.clear();
    this.#workers.clear();
    this.#metrics.paused(this.#pauses.counts());
    this.#metrics.rebalanced(this.#group);
    this.#state.phase = 'running';
    this.#log.info(
      { event: 'partitions.assigned', group: this.#group, partitions: partitions.length },
      'partitions assigned',
    );
  }

  async #handle(batch: ConsumedBatch, signal: AbortSignal): Promise<BatchVerdict> {
    const { topic, partition } = batch;
    if (topic === heartbeatTopic(this.#prefix)) return this.#onHeartbeats(batch);
    const name = `${topic}/${partition}`;
    const worker = this.#workers.get(name) ?? new PartitionWorker({ topic, partition }, this.#workerContext);
    this.#workers.set(name, worker);
    const { nextOffset, pause } = await worker.handle(batch, signal);
    if (pause !== null) {
      this.#pauses.add(
        { topic, partition, reason: pause.reason, since: Date.now(), detail: pause.detail },
        pause.ms,
      );
      this.#metrics.paused(this.#pauses.counts());
    }
    // A probe whose batch needed no write leaves the breaker half open: the next one is the probe then.
    else if (this.#breaker.state === 'halfOpen') this.#pauses.wakeOne('breaker');
    return { nextOffset, pause: pause !== null };
  }

  /** Heartbeats carry no row: the newest says how far behind the source this sink is. */
  #onHeartbeats(batch: ConsumedBatch): BatchVerdict {
    const last = batch.records.at(-1);
    if (last === undefined) return { nextOffset: 0n, pause: false };
    const [newest] = decodeBatch({ ...batch, records: [last] }, this.#prefix);
    if (newest?.kind === 'heartbeat') {
      const sourceMs = newest.envelope.payload.source.timestamp;
      this.#state.heartbeat = { sourceMs, seenMs: Date.now() };
      this.#metrics.heartbeat(sourceMs, Date.now(), this.#pauses.size === 0);
    }
    return { nextOffset: last.offset + 1n, pause: false };
  }

  #onBreaker(state: BreakerState): void {
    this.#state.breaker = state;
    this.#metrics.breaker(state);
    this.#log.warn({ event: 'breaker.changed', sink: this.#name, state }, `breaker ${state}`);
    if (state === 'halfOpen') this.#pauses.wakeOne('breaker');
    if (state === 'closed') this.#pauses.wakeAll('breaker');
  }

  #newOffice(): LetterOffice {
    const { kafka: config, topics } = this.#context.config;
    return new LetterOffice({
      config,
      kafka: this.#kafka,
      producer: this.#producer,
      topics,
      sink: this.#name,
      signal: this.#stop.signal,
      settings: settingsDigest(this.#context.config, this.#name, this.#settings),
      log: this.#log,
      onDepth: (letters) => {
        this.#state.openDeadLetters = letters;
        this.#metrics.depth(letters);
      },
      onReplayed: (result) => this.#metrics.replayed(result),
      onReleased: () => this.#pauses.wakeAll('strict'),
    });
  }

  #newWorkerContext(): WorkerContext {
    const isStrict = strictTopics(this.#settings, this.#prefix);
    return {
      name: this.#name,
      prefix: this.#prefix,
      group: this.#group,
      sink: this.#sink,
      settings: this.#settings,
      breaker: this.#breaker,
      diversion: new DiversionGuard(this.#settings.diversion),
      metrics: this.#metrics,
      latency: this.#latency,
      mayBury: ({ topic, partition, offset }) =>
        !isStrict(topic) || this.#office.isReleased(letterId(topic, partition, offset)),
      halt: (where, cause) => this.#office.halt(where, cause),
      bury: (source) => this.#graveyard.bury(source),
      state: this.#state,
      stopping: this.#stop.signal,
      log: this.#log,
      now: Date.now,
    };
  }

  #startOps(): Promise<OpsServers> {
    return startOpsServers({
      ...this.#settings.ops,
      registry: this.#context.metrics.registry,
      setting: `sinks.${this.#name}.ops`,
      routes: this.#office.routes((delivery) => this.#replay(delivery)),
      health: () => healthOf(this.#state, this.#pauses.all),
      status: () =>
        statusOf(this.#name, this.#group, this.#state, this.#pauses.all, this.#latency, Date.now()),
    });
  }

  async #ping(): Promise<void> {
    try {
      await this.#sink.ping();
      this.#state.storeError = null;
    } catch (error) {
      const { code, message } = toKnownError(error);
      this.#state.storeError = `${code}: ${message}`;
    }
  }

  /** One record for an operator, past the partition's worker: its guard is the store's. */
  async #replay(delivery: Delivery): Promise<Outcome> {
    try {
      const write = () => this.#sink.write([delivery], this.#stop.signal, 'replay');
      const [outcome] = await this.#breaker.run(write);
      if (outcome === undefined) throw new RangeError('the sink gave fewer outcomes than deliveries');
      return outcome;
    } catch (error) {
      if (error instanceof BreakerOpenError)
        throw new PipelineError('BREAKER_OPEN', 'the store is left alone for a while', { cause: error });
      throw toKnownError(error);
    }
  }

  /** An unreachable broker is no news of the letters; a halt ends the service. */
  async #lookAtLetters(): Promise<void> {
    try {
      await this.#office.refresh();
    } catch (error) {
      if (!(error instanceof PipelineError) || error.errorClass !== 'retryable') throw error;
      this.#log.debug({ err: error }, 'dead letters not counted');
    }
  }

  async #measureLag(): Promise<void> {
    if (this.#state.phase !== 'running' || this.#consumer === null) return;
    try {
      this.#state.lag = await this.#consumer.lag();
      this.#metrics.lag(this.#state.lag);
    } catch (error) {
      this.#log.debug({ err: error }, 'lag not measured');
    }
  }

  #remember(error: unknown): void {
    const known = toKnownError(error);
    rememberError(this.#state, known);
    const { topic } = known.context;
    if (known.code === 'DATA_GAP' && typeof topic === 'string') this.#metrics.dataGap(topic);
  }

  /** Until it works or cannot: a store or broker that is down at the start is waited for. */
  async #untilItWorks<T>(what: string, action: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await action();
      } catch (error) {
        const known = toKnownError(error);
        if (this.#stop.signal.aborted || known.errorClass !== 'retryable') throw known;
        if (attempt === 0)
          this.#log.warn({ event: 'start.waiting', err: known }, `cannot ${what} yet; trying again`);
        this.#remember(known);
        await this.#delay(fullJitter(attempt, this.#settings.retry));
      }
    }
  }

  async #every(ms: number, action: () => Promise<void>): Promise<void> {
    for (;;) {
      await action();
      await this.#delay(ms);
    }
  }

  #delay(ms: number): Promise<void> {
    return abortableDelay(ms, this.#stop.signal);
  }
}
