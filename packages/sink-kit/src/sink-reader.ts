import { heartbeatTopic } from '@sluice/envelope';
import {
  BatchConsumer,
  type BatchConsumerOptions,
  type BatchVerdict,
  type ConsumedBatch,
  partitionName,
  type StartOffset,
  type TopicPartition,
} from '@sluice/kafka';
import type { PauseReason } from '@sluice/ops-api';
import { abortableDelay, settlesWithin, type PipelineError } from '@sluice/runtime';
import type { BreakerState } from './breaker.ts';
import { decodeBatch } from './decode.ts';
import { selectTopics, TopicChanges } from './discovery.ts';
import { PartitionWorker } from './partition-worker.ts';
import type { PauseRequest } from './pause-request.ts';
import { PassedOffsets } from './passed-offsets.ts';
import { retryUntilReady } from './retry-until-ready.ts';
import { LookedAt } from './looked-at.ts';
import { Pauses } from './pauses.ts';
import { SinkLag } from './sink-lag.ts';
import type { OffsetStore } from './sink.ts';
import { TopicList, type TopicListParts } from './topic-list.ts';
import { Watermark } from './watermark.ts';
import type { WorkerContext } from './worker-context.ts';

export interface SinkReaderOptions extends TopicListParts {
  readonly context: WorkerContext;
  /** Of this pipeline's members of the group. */
  readonly clientId: string;
  /** What this process says of itself to whoever looks at the group. */
  readonly memberData: () => string;
  /** Is told of every failure to find or to join topics. */
  readonly onFailure: (error: PipelineError, attempt: number) => void;
}

const DISCOVERY_MS = 2000;
/** For what a store that is away would have got before the group is left. */
const SHUTDOWN_TIMEOUT_MS = 1000;

/** Of troubles that no assignment ends. */
const SERVICE_SUBJECTS: ReadonlySet<string> = new Set(['kafka', 'store', 'tables', 'service']);

/** What a sink reads: the topics there are, a consumer on them, a worker per partition, and which of them wait for what. */
export class SinkReader {
  readonly #kafka: SinkReaderOptions['kafka'];
  readonly #topicIds: SinkReaderOptions['topicIds'];
  readonly #context: WorkerContext;
  readonly #clientId: string;
  readonly #memberData: () => string;
  readonly #onFailure: SinkReaderOptions['onFailure'];
  readonly #workers = new Map<string, PartitionWorker>();
  readonly #passed: PassedOffsets;
  readonly #pauses: Pauses;
  readonly #watermark: Watermark;
  readonly #looked = new LookedAt();
  readonly #lag: SinkLag;
  readonly #list: TopicList;
  #changes = new TopicChanges();
  #consumer: BatchConsumer | null = null;

  constructor({ kafka, topicIds, context, clientId, memberData, onFailure }: SinkReaderOptions) {
    this.#kafka = kafka;
    this.#topicIds = topicIds;
    this.#clientId = clientId;
    this.#memberData = memberData;
    this.#context = context;
    this.#onFailure = onFailure;
    this.#watermark = new Watermark((sourceMs) => context.metrics.watermark(sourceMs));
    this.#lag = new SinkLag(context, (name) => {
      this.#watermark.caughtUp(name);
      this.#looked.note(name);
    });
    this.#list = new TopicList({ kafka, topicIds });
    this.#passed = new PassedOffsets(context.sink.offsets, context.log);
    this.#pauses = new Pauses((where) => {
      this.#consumer?.resume(where);
      context.metrics.paused(this.#pauses.counts());
    });
  }

  get pauses(): Pauses {
    return this.#pauses;
  }

  /** Partitions of a topic that are this process's own, and of which it knows what waits in them. */
  looked(topic: string): readonly TopicPartition[] {
    return this.#looked.of(topic);
  }

  /** A consumer on all topics; a new one whenever there are others. Ends only by a throw. */
  async run(): Promise<void> {
    const { stopping: signal, settings } = this.#context;
    const patience = { signal, backoff: settings.retry, onFailure: this.#onFailure };
    this.#context.state.phase = 'waiting';
    try {
      for (;;) {
        await retryUntilReady(() => this.#followTopics(), patience);
        const delay = abortableDelay(DISCOVERY_MS, signal);
        await Promise.race([delay, this.#consumer?.done ?? delay]);
      }
    } finally {
      // One that was joining while the service was told to stop.
      if (signal.aborted) await this.close();
    }
  }

  /**
   * Wakes partitions that wait for this reason: one, or all. A moment later: a partition that is about to be paused for it
   * has to be paused first, or nobody would wake it again.
   */
  wake(reason: PauseReason, which: 'one' | 'all'): void {
    setImmediate(() => {
      if (which === 'one') this.#pauses.wakeOne(reason);
      else this.#pauses.wakeAll(reason);
    });
  }

  onBreaker(state: BreakerState): void {
    if (state === 'halfOpen') this.wake('breaker', 'one');
    if (state === 'closed') this.wake('breaker', 'all');
  }

  /** Looks what keeps the records from coming; a lag that is too old to be true is forgotten. */
  watch(): void {
    const { state } = this.#context;
    state.kafka = this.#consumer?.trouble ?? this.#list.trouble;
    if (state.kafka !== null) state.troubles.note('kafka', state.kafka.error);
    else if (state.phase === 'running' || state.phase === 'waiting') state.troubles.over('kafka');
    this.#lag.expire(state.phase === 'running' && state.kafka === null);
  }

  /** Never throws: a lag that cannot be measured is not known. */
  async measureLag(): Promise<void> {
    const consumer = this.#consumer;
    if (this.#context.state.phase !== 'running' || consumer === null) return;
    await this.#lag.measure(() => this.#consumer ?? consumer, this.#clientId);
  }

  /** Never throws. For partitions that have come to their end: where records follow, they store the offset themselves. */
  async storePassed(): Promise<void> {
    await this.#passed.store(this.#consumer?.assigned ?? []);
  }

  /** Drains the running batches, commits, and leaves the group. */
  async close(): Promise<void> {
    this.#pauses.clear();
    this.#looked.forget();
    await settlesWithin(SHUTDOWN_TIMEOUT_MS, this.storePassed());
    await this.#consumer?.close();
    // A process that waits for a person still gives metrics: what it had is another's by now.
    this.#context.metrics.paused(this.#pauses.counts());
    this.#lag.forget();
  }

  async #followTopics(): Promise<void> {
    const { prefix, routing, selection, topicsTaken } = this.#context;
    const ids = await this.#list.read();
    await topicsTaken.look([...ids.keys()]);
    const selected = selectTopics([...ids.keys()], prefix, routing, selection);
    const topics = this.#changes.observe(new Map(selected.map((name) => [name, ids.get(name) ?? ''])));
    if (topics === null) return;
    try {
      await this.#subscribe(topics);
    } catch (error) {
      this.#changes = new TopicChanges();
      throw error;
    }
  }

  async #subscribe(topics: readonly string[]): Promise<void> {
    const { group: groupId, settings, sink, state, stopping, log } = this.#context;
    log.info({ event: 'topics.subscribed', topics }, 'reading topics');
    state.phase = 'joining';
    await this.close();
    stopping.throwIfAborted();
    const { offsets } = sink;
    this.#consumer = new BatchConsumer({
      kafka: this.#kafka,
      groupId,
      topics,
      memberData: this.#memberData(),
      concurrency: settings.concurrency,
      maxBytesPerPartition: settings.fetchBytes,
      sessionTimeoutMs: settings.sessionTimeoutMs,
      ...(offsets === undefined ? {} : storedIn(offsets)),
      topicIds: this.#topicIds,
      gapsAllowed: (topic) => this.#isHeartbeats(topic),
      remember: (starts) =>
        this.#context.incomplete.begin(starts.filter(({ topic }) => !this.#isHeartbeats(topic))),
      onLeft: () => {
        this.#looked.forget();
        if (state.phase === 'running') state.phase = 'joining';
      },
      onWaiting: (error) => state.troubles.note('offsets', error),
      onAssigned: (partitions) => this.#onAssigned(partitions),
      onPassed: (where, next) => {
        if (!this.#isHeartbeats(where.topic)) this.#passed.note(where, next);
      },
      handle: (batch, signal) => this.#handle(batch, signal),
      log,
    });
    await this.#consumer.start();
  }

  /** Of heartbeats only the newest matters: a gap is no loss, and their offset is the group's alone. */
  #isHeartbeats(topic: string): boolean {
    return topic === heartbeatTopic(this.#context.prefix);
  }

  #onAssigned(partitions: readonly StartOffset[]): void {
    const { metrics, group, state, log } = this.#context;
    this.#pauses.clear();
    this.#passed.clear();
    this.#workers.clear();
    this.#context.published.forget();
    const data = partitions.filter(({ topic }) => !this.#isHeartbeats(topic));
    this.#watermark.restart(data.map(({ topic, partition }) => partitionName(topic, partition)));
    this.#looked.restart(data);
    metrics.paused(this.#pauses.counts());
    metrics.rebalanced(group);
    const names = new Set(partitions.map(({ topic, partition }) => partitionName(topic, partition)));
    state.troubles.keepOnly((about) => names.has(about) || SERVICE_SUBJECTS.has(about));
    state.phase = 'running';
    log.info({ event: 'partitions.assigned', group, partitions: partitions.length }, 'partitions assigned');
    void this.measureLag();
  }

  async #handle(batch: ConsumedBatch, signal: AbortSignal): Promise<BatchVerdict> {
    const { topic, partition } = batch;
    if (this.#isHeartbeats(topic)) return this.#onHeartbeats(batch);
    const name = partitionName(topic, partition);
    // Before any pause: what waits holds the watermark.
    this.#watermark.busy(name);
    const ordered = this.#context.pausedBy(topic);
    if (ordered !== null) {
      this.#looked.passOver(name);
      const request = { reason: 'operator', detail: ordered, ms: null } as const;
      return this.#pauseAt(batch, request, batch.records[0]?.offset ?? batch.endOffset);
    }
    const verdict = await this.#work(batch, signal);
    if (!signal.aborted) this.#looked.note(name);
    return verdict;
  }

  async #work(batch: ConsumedBatch, signal: AbortSignal): Promise<BatchVerdict> {
    const { topic, partition, highWatermark } = batch;
    const name = partitionName(topic, partition);
    const worker = this.#workers.get(name) ?? new PartitionWorker({ topic, partition }, this.#context);
    this.#workers.set(name, worker);
    this.#lag.note(batch, batch.records[0]?.offset ?? highWatermark);
    await this.#passed.overtaken(batch);
    const { nextOffset, pause } = await worker.handle(batch, signal);
    if (pause?.reason === 'moved') return { nextOffset, action: 'reread' };
    if (pause !== null) return this.#pauseAt(batch, pause, nextOffset);
    this.#lag.note(batch, nextOffset);
    if (nextOffset >= highWatermark) this.#watermark.caughtUp(name);
    // A probe whose batch needed no write leaves the breaker half open: the next one is the probe then.
    if (this.#context.breaker.state === 'halfOpen') this.wake('breaker', 'one');
    return { nextOffset, action: 'go-on' };
  }

  /** What stands at `nextOffset` and behind it comes again. */
  #pauseAt(
    { topic, partition }: TopicPartition,
    pause: Exclude<PauseRequest, { reason: 'moved' }>,
    nextOffset: bigint,
  ): BatchVerdict {
    const { reason, detail, ms } = pause;
    this.#pauses.add({ topic, partition, reason, since: Date.now(), detail }, ms);
    this.#context.metrics.paused(this.#pauses.counts());
    return { nextOffset, action: 'pause' };
  }

  /** Heartbeats carry no row: the newest says how far behind the source this sink is. */
  #onHeartbeats(batch: ConsumedBatch): BatchVerdict {
    const { state, metrics, routing, seals } = this.#context;
    const [newest] = decodeBatch({ ...batch, records: batch.records.slice(-1) }, routing, seals);
    if (newest?.kind === 'heartbeat') {
      const sourceMs = newest.envelope.payload.source.timestamp;
      state.heartbeat = { sourceMs, seenMs: Date.now() };
      metrics.heartbeat(sourceMs, Date.now());
      this.#watermark.heartbeat(sourceMs);
    }
    return { nextOffset: batch.endOffset, action: 'go-on' };
  }
}

function storedIn(offsets: OffsetStore): Pick<BatchConsumerOptions, 'storedOffset' | 'keepTopicId'> {
  return {
    storedOffset: async (topic, partition) => {
      const offset = await offsets.read(topic, partition);
      return offset === null ? null : { offset, topicId: await offsets.topicId(topic, partition) };
    },
    keepTopicId: ({ topic, partition }, topicId) => offsets.keepTopicId(topic, partition, topicId),
  };
}
