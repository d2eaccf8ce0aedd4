import { abortableDelay, fullJitter, PipelineError, type Logger } from '@sluice/runtime';
import type { Admin, Consumer, ConsumerGroupJoinEvent, EachBatchPayload, Kafka } from 'kafkajs';
import { CommitQueue } from './consumer-commits.ts';
import {
  chooseStart,
  dataGap,
  fetchCommitted,
  fetchWatermarks,
  partitionName,
  type StartOffset,
  type TopicPartition,
  type Watermarks,
} from './consumer-start.ts';
import { toPipelineError } from './errors.ts';
import { toConsumedBatch, type ConsumedBatch } from './consumed-batch.ts';

/** What a handler has done with a batch. */
export interface BatchVerdict {
  /** Every record below this offset has its outcome; reading goes on here. */
  readonly nextOffset: bigint;
  /** True: read nothing of this partition until `resume`. */
  readonly pause: boolean;
}

export interface BatchConsumerOptions {
  readonly kafka: Kafka;
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Partitions handled at the same time. */
  readonly concurrency: number;
  readonly maxBytesPerPartition: number;
  /** Milliseconds after which a member that has gone silent loses its partitions (Kafka's `session.timeout.ms`). */
  readonly sessionTimeoutMs: number;
  /** Offset to continue at, kept outside Kafka; null for a partition never stored. Absent: the group's own offset. */
  readonly storedOffset?: (topic: string, partition: number) => Promise<bigint | null>;
  /** True for topics of which only the newest record matters: a gap there is no loss. */
  readonly gapsAllowed: (topic: string) => boolean;
  /** Called after each (re)join of the group, before any batch of that assignment. */
  readonly onAssigned: (partitions: readonly StartOffset[]) => void;
  /**
   * Handles one batch of one partition; batches of a partition never overlap. The signal aborts when the partition may
   * belong to someone else, or the stop's grace is over. A throw ends the consumer: `done` rejects with it.
   */
  readonly handle: (batch: ConsumedBatch, signal: AbortSignal) => Promise<BatchVerdict>;
  readonly log: Logger;
}

const HEARTBEAT_INTERVAL_MS = 3_000;
/** Shorter than the interval: kafkajs sends one only when the interval has passed, a slower tick would skip every other. */
const HEARTBEAT_TICK_MS = 1_000;
/** The broker answers at once when there is data; this bounds only how long a resumed partition waits for its first fetch. */
const MAX_WAIT_MS = 250;
const PARTITIONS_PER_FETCH = 4;
const COMMIT_DELAY_MS = 100;
const START_BACKOFF = { initialMs: 100, maxMs: 10_000 };
const STOP_GRACE_MS = 10_000;

/**
 * Reads batches for a consumer group, one handler call per batch. It keeps three promises that kafkajs does not:
 * the first batch of an assignment starts where the store says, records that vanished unread stop it (DATA_GAP),
 * and a consumer that has died is seen (`done` rejects).
 *
 * A handler that has to wait longer than a moment returns with `pause`: kafkajs then goes on fetching the other
 * partitions and heartbeating, and the same records come again after `resume`. So a wait costs no membership, no memory,
 * and no other partition's time (kafkajs fetches nothing while one batch of the last fetch is still being handled).
 */
export class BatchConsumer {
  /** Rejects when the consumer cannot go on; resolves after `close`. */
  readonly done: Promise<void>;
  readonly #options: BatchConsumerOptions;
  readonly #admin: Admin;
  readonly #consumer: Consumer;
  readonly #commits: CommitQueue;
  readonly #settle: PromiseWithResolvers<void>;
  readonly #positions = new Map<string, bigint>();
  readonly #running = new Set<Promise<void>>();
  readonly #grace = new AbortController();
  #assigned: readonly TopicPartition[] = [];
  #generation = 0;
  #stopping = false;

  constructor(options: BatchConsumerOptions) {
    this.#options = options;
    this.#admin = options.kafka.admin();
    this.#consumer = options.kafka.consumer({
      groupId: options.groupId,
      sessionTimeout: options.sessionTimeoutMs,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      allowAutoTopicCreation: false,
      maxBytesPerPartition: options.maxBytesPerPartition,
      // Decompressed and decoded these are many times as large: what a fetch may hold bounds the memory.
      maxBytes: options.maxBytesPerPartition * PARTITIONS_PER_FETCH,
      minBytes: 1,
      maxWaitTimeInMs: MAX_WAIT_MS,
    });
    this.#commits = new CommitQueue(this.#consumer, options.log, COMMIT_DELAY_MS);
    this.#settle = Promise.withResolvers<void>();
    this.done = this.#settle.promise;
    this.done.catch(() => undefined);
  }

  /** Joins the group. Throws PipelineError when Kafka does not answer. */
  async start(): Promise<void> {
    const { GROUP_JOIN, CRASH, END_BATCH_PROCESS } = this.#consumer.events;
    this.#consumer.on(GROUP_JOIN, (event) => this.#onJoin(event));
    this.#consumer.on(END_BATCH_PROCESS, ({ payload }) => {
      // Aborted records and transaction markers alone: kafkajs moves on without asking us.
      if (payload.batchSize === 0) this.#passed(payload, BigInt(payload.lastOffset) + 1n);
    });
    this.#consumer.on(CRASH, ({ payload }) => {
      if (!payload.restart) this.#fail(diedOf(payload.error));
    });
    try {
      await this.#admin.connect();
      await this.#consumer.connect();
      await this.#consumer.subscribe({ topics: [...this.#options.topics], fromBeginning: true });
      await this.#consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: this.#options.concurrency,
        eachBatch: (payload) => this.#onBatch(payload),
      });
    } catch (error) {
      throw toPipelineError(error, 'join the consumer group');
    }
  }

  /** Partitions that are read by this member now. */
  get assigned(): readonly TopicPartition[] {
    return this.#assigned;
  }

  /** Reads a partition again that a verdict has paused. No effect on one that is not assigned. */
  resume(where: TopicPartition): void {
    if (this.#stopping || !this.#owns(where)) return;
    this.#consumer.resume([{ topic: where.topic, partitions: [where.partition] }]);
  }

  /** Records between the next one to read and the end, per assigned partition. One request per topic. */
  async lag(): Promise<readonly (TopicPartition & { readonly records: number })[]> {
    const lags: (TopicPartition & { records: number })[] = [];
    for (const topic of new Set(this.#assigned.map((where) => where.topic))) {
      const marks = await fetchWatermarks(this.#admin, topic);
      for (const [partition, { high }] of marks) {
        const position = this.#positions.get(partitionName(topic, partition));
        if (position !== undefined) lags.push({ topic, partition, records: lagOf(high, position) });
      }
    }
    return lags;
  }

  /** Lets the running batches end (10 s, then their signal aborts), commits, and leaves the group. */
  async close(): Promise<void> {
    this.#stopping = true;
    const force = setTimeout(
      () => this.#grace.abort(new DOMException('the consumer stops', 'AbortError')),
      STOP_GRACE_MS,
    );
    await Promise.allSettled(this.#running);
    clearTimeout(force);
    await this.#commits.flush();
    await Promise.allSettled([this.#consumer.disconnect(), this.#admin.disconnect()]);
    this.#settle.resolve();
  }

  #fail(error: unknown): void {
    this.#settle.reject(error);
  }

  #passed({ topic, partition }: TopicPartition, next: bigint): void {
    const name = partitionName(topic, partition);
    if ((this.#positions.get(name) ?? next) < next) this.#positions.set(name, next);
  }

  #owns(where: TopicPartition): boolean {
    return this.#assigned.some(
      ({ topic, partition }) => topic === where.topic && partition === where.partition,
    );
  }

  /**
   * Runs inside kafkajs's join, before its first fetch: everything is paused here and resumed only when each partition
   * stands at the right offset. (Waiting for the first batch instead would be too late: on an offset out of range kafkajs
   * overwrites the group's committed offset and jumps.)
   */
  #onJoin({ payload }: ConsumerGroupJoinEvent): void {
    const generation = ++this.#generation;
    this.#commits.drop();
    this.#positions.clear();
    const byTopic = Object.entries(payload.memberAssignment).map(([topic, partitions]) => ({
      topic,
      partitions,
    }));
    this.#assigned = byTopic.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    );
    this.#consumer.pause(byTopic);
    void this.#beginUntilItWorks(generation);
  }

  /** A leader that moves or a store of offsets that is away is waited for: nothing is read meanwhile, membership is kept. */
  async #beginUntilItWorks(generation: number): Promise<void> {
    for (let attempt = 0; generation === this.#generation && !this.#stopping; attempt++) {
      try {
        await this.#begin(generation);
        return;
      } catch (error) {
        const known = toPipelineError(error, 'find the offsets to start at');
        if (known.errorClass !== 'retryable') {
          this.#fail(known);
          return;
        }
        if (attempt === 0)
          this.#options.log.warn(
            { event: 'consumer.waiting', err: known },
            'cannot find the offsets to start at yet',
          );
        await abortableDelay(fullJitter(attempt, START_BACKOFF), this.#grace.signal).catch(() => undefined);
      }
    }
  }

  async #begin(generation: number): Promise<void> {
    const starts = await this.#chooseStarts(this.#assigned);
    if (generation !== this.#generation || this.#stopping) return;
    for (const { topic, partition, offset } of starts) {
      this.#positions.set(partitionName(topic, partition), offset);
      this.#consumer.seek({ topic, partition, offset: String(offset) });
    }
    this.#options.onAssigned(starts);
    this.#consumer.resume(starts.map(({ topic, partition }) => ({ topic, partitions: [partition] })));
  }

  async #chooseStarts(partitions: readonly TopicPartition[]): Promise<readonly StartOffset[]> {
    const { groupId, storedOffset, gapsAllowed } = this.#options;
    const topics = [...new Set(partitions.map(({ topic }) => topic))];
    if (topics.length === 0) return [];
    const committed = await fetchCommitted(this.#admin, groupId, topics);
    const marks = new Map<string, ReadonlyMap<number, Watermarks>>();
    for (const topic of topics) marks.set(topic, await fetchWatermarks(this.#admin, topic));
    return Promise.all(
      partitions.map(async (where) => {
        const { topic, partition } = where;
        const mirrored = committed.get(partitionName(topic, partition)) ?? null;
        const inGroup = storedOffset === undefined || gapsAllowed(topic);
        const stored = inGroup ? mirrored : await storedOffset(topic, partition);
        const range = marks.get(topic)?.get(partition) ?? { low: 0n, high: 0n };
        return { topic, partition, offset: chooseStart(where, stored, range, gapsAllowed(topic)) };
      }),
    );
  }

  async #onBatch(payload: EachBatchPayload): Promise<void> {
    if (this.#stopping) {
      payload.pause();
      return;
    }
    await payload.heartbeat();
    const running = this.#handle(payload);
    const settled = running.catch(() => undefined);
    this.#running.add(settled);
    try {
      await running;
    } finally {
      this.#running.delete(settled);
    }
  }

  /** Throws only what kafkajs must see to rejoin: an error of the heartbeat. Any other error ends the consumer. */
  async #handle(payload: EachBatchPayload): Promise<void> {
    const lost = new AbortController();
    const heartbeat: { error: Error | null } = { error: null };
    const tick = setInterval(() => {
      payload.heartbeat().catch((error: unknown) => {
        heartbeat.error ??= error instanceof Error ? error : new Error('heartbeat failed', { cause: error });
        lost.abort(new DOMException('the partition may belong to another member', 'AbortError'));
      });
    }, HEARTBEAT_TICK_MS);
    try {
      await this.#apply(payload, AbortSignal.any([lost.signal, this.#grace.signal]));
    } catch (error) {
      if (!lost.signal.aborted) this.#stopAt(error, payload);
    } finally {
      clearInterval(tick);
    }
    if (heartbeat.error !== null) throw heartbeat.error;
  }

  /** Without the pause kafkajs would call again at once with the same batch. */
  #stopAt(error: unknown, payload: EachBatchPayload): void {
    payload.pause();
    if (!this.#grace.signal.aborted) this.#fail(error);
  }

  async #apply(payload: EachBatchPayload, signal: AbortSignal): Promise<void> {
    const batch = toConsumedBatch(payload.batch);
    const generation = this.#generation;
    const last = batch.records.at(-1);
    if (last === undefined) return;
    await this.#checkContinuity(batch);
    const verdict = await this.#options.handle(batch, signal);
    if (generation !== this.#generation) return;
    const finished = verdict.nextOffset > last.offset;
    // A transaction's end marker follows its last record: counted as read, so that lag comes to 0.
    const next = finished ? BigInt(payload.batch.lastOffset()) + 1n : verdict.nextOffset;
    if (verdict.pause) payload.pause();
    const first = batch.records[0]?.offset ?? next;
    if (next <= first) return;
    payload.resolveOffset(String(finished ? last.offset : next - 1n));
    this.#positions.set(partitionName(batch.topic, batch.partition), next);
    this.#commits.note(batch.topic, batch.partition, next);
  }

  /**
   * Offsets have holes (transaction markers, compaction), so a jump alone proves nothing: a jump forward is a gap when the
   * broker no longer has the record that was due, a jump backward when the topic was made anew.
   */
  async #checkContinuity(batch: ConsumedBatch): Promise<void> {
    const due = this.#positions.get(partitionName(batch.topic, batch.partition));
    const first = batch.records[0]?.offset;
    if (due === undefined || first === undefined || first === due || this.#options.gapsAllowed(batch.topic))
      return;
    const marks = (await fetchWatermarks(this.#admin, batch.topic)).get(batch.partition);
    if (marks !== undefined && (first < due || marks.low > due)) throw dataGap(batch, due, marks);
  }
}

function diedOf(cause: Error): PipelineError {
  const known = toPipelineError(cause, 'read records');
  if (known.errorClass === 'fatal') return known;
  return new PipelineError('CONSUMER_DIED', 'the Kafka consumer ended by itself', { cause });
}

/** A transaction's end marker at the very end may be unread although every record is: it is no lag. */
function lagOf(high: bigint, position: bigint): number {
  const distance = Number(high - position);
  return distance <= 1 ? 0 : distance;
}
