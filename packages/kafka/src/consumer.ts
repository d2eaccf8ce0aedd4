import { setImmediate } from 'node:timers/promises';
import { PipelineError, settlesWithin, type Logger } from '@sluice/runtime';
import type { Admin, Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { Assignment, type AssignmentOptions } from './consumer-assignment.ts';
import { CommitQueue } from './consumer-commits.ts';
import { dataGap, fetchWatermarks, type StartOffset, type TopicPartition } from './consumer-start.ts';
import { ConsumerPulse } from './consumer-pulse.ts';
import { ConsumerRestarts } from './consumer-restarts.ts';
import { toPipelineError } from './errors.ts';
import type { KafkaOutage } from './recovery-window.ts';
import { assignerWith } from './member-data.ts';
import { toConsumedBatch, type ConsumedBatch } from './consumed-batch.ts';

/** What a handler has done with a batch. */
export interface BatchVerdict {
  /** Every record below this offset has its outcome; reading goes on here. */
  readonly nextOffset: bigint;
  /**
   * `pause`: read nothing of this partition until `resume`. `reread`: the stored offset is not what it was taken for; begin
   * the partition anew, where it says.
   */
  readonly action: 'go-on' | 'pause' | 'reread';
}

export interface BatchConsumerOptions {
  readonly kafka: Kafka;
  readonly groupId: string;
  readonly topics: readonly string[];
  /** What this member says of itself to whoever looks at the group (`groupMembers`). */
  readonly memberData?: string;
  /** Partitions handled at the same time. */
  readonly concurrency: number;
  readonly maxBytesPerPartition: number;
  /** Milliseconds after which a member that has gone silent loses its partitions (Kafka's `session.timeout.ms`). */
  readonly sessionTimeoutMs: number;
  /** Offset to continue at, kept outside Kafka. Absent: the group's own offset. */
  readonly storedOffset?: AssignmentOptions['storedOffset'];
  readonly keepTopicId?: AssignmentOptions['keepTopicId'];
  /** Ids of the topics there are, by name: a place in a topic that was made again is none. */
  readonly topicIds: AssignmentOptions['topicIds'];
  /** True for topics of which only the newest record matters: a gap there is no loss. */
  readonly gapsAllowed: (topic: string) => boolean;
  /** Called when nothing is read until the next `onAssigned`: the group is being joined, or the offsets are looked for. */
  readonly onLeft?: () => void;
  /** Hears of every failure to find the offsets to start at; the next try follows. */
  readonly onWaiting?: (error: PipelineError) => void;
  /** Awaited after each (re)join, before any offset of it is read or committed. */
  readonly remember?: (starts: readonly StartOffset[]) => Promise<void>;
  /** Called after each (re)join of the group, before any batch of that assignment. */
  readonly onAssigned: (partitions: readonly StartOffset[]) => void;
  /**
   * Reading has come to `next` past markers and aborted records that came alone, without a batch. Every record below has its
   * outcome; no batch of the partition is handled meanwhile.
   */
  readonly onPassed?: (where: TopicPartition, next: bigint) => void;
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
const STOP_GRACE_MS = 10_000;
/** As without a `retry` of our own (kafkajs 2.2.4, src/index.js): after these a consumer crashes and starts anew. */
const RETRIES = 5;
/** For the last commit and the leave. A broker that does not answer ends our session itself; records come again. */
const SHUTDOWN_TIMEOUT_MS = 5_000;

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
  readonly #assignment: Assignment;
  readonly #pulse = new ConsumerPulse();
  readonly #running = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #grace = new AbortController();
  readonly #restarts = new ConsumerRestarts(this.#stopping.signal);
  /** Resolves when no join is under way. */
  #join = Promise.withResolvers<void>();

  constructor(options: BatchConsumerOptions) {
    this.#options = options;
    this.#join.resolve();
    this.#admin = options.kafka.admin();
    this.#consumer = options.kafka.consumer({
      groupId: options.groupId,
      partitionAssigners: [assignerWith(options.memberData ?? '')],
      sessionTimeout: options.sessionTimeoutMs,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      allowAutoTopicCreation: false,
      maxBytesPerPartition: options.maxBytesPerPartition,
      // Decompressed and decoded these are many times as large: what a fetch may hold bounds the memory.
      maxBytes: options.maxBytesPerPartition * PARTITIONS_PER_FETCH,
      minBytes: 1,
      maxWaitTimeInMs: MAX_WAIT_MS,
      retry: { retries: RETRIES, restartOnFailure: async () => this.#restarts.mayRestart() },
    });
    this.#commits = new CommitQueue(this.#consumer, options.log, COMMIT_DELAY_MS);
    this.#assignment = new Assignment({
      admin: this.#admin,
      consumer: this.#consumer,
      groupId: options.groupId,
      storedOffset: options.storedOffset,
      keepTopicId: options.keepTopicId,
      topicIds: options.topicIds,
      gapsAllowed: options.gapsAllowed,
      remember: options.remember,
      onAssigned: options.onAssigned,
      onFailure: (error) => this.#settle.reject(error),
      onWaiting: (error) => options.onWaiting?.(error),
      stopping: this.#stopping.signal,
      log: options.log,
    });
    this.#settle = Promise.withResolvers<void>();
    this.done = this.#settle.promise;
    this.done.catch(() => undefined);
  }

  /** Joins the group. Throws PipelineError when Kafka does not answer; then `close` it. */
  async start(): Promise<void> {
    this.#listen();
    try {
      await this.#admin.connect();
      await this.#consumer.connect();
      await this.#consumer.subscribe({ topics: [...this.#options.topics], fromBeginning: true });
      if (this.#stopping.signal.aborted) await this.#disconnect();
      else await this.#run();
    } catch (error) {
      this.#join.resolve();
      throw toPipelineError(error, 'join the consumer group');
    }
  }

  async #run(): Promise<void> {
    this.#join = Promise.withResolvers();
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: this.#options.concurrency,
      eachBatch: (payload) => this.#onBatch(payload),
    });
  }

  #listen(): void {
    const { GROUP_JOIN, STOP, CRASH, END_BATCH_PROCESS } = this.#consumer.events;
    this.#listenToPulse();
    this.#consumer.on(GROUP_JOIN, ({ payload }) => {
      this.#join.resolve();
      this.#pulse.joined();
      this.#restarts.joined();
      this.#options.onLeft?.();
      this.#commits.drop();
      this.#assignment.join(payload.memberAssignment);
    });
    // Also between a crash and the restart by kafkajs: until it has joined again it refuses every call.
    this.#consumer.on(STOP, () => {
      this.#assignment.leave();
      this.#left(null);
    });
    this.#consumer.on(END_BATCH_PROCESS, ({ payload }) => {
      // Aborted records and transaction markers alone: kafkajs moves on without asking us.
      const { topic, partition, batchSize, lastOffset } = payload;
      if (batchSize === 0) this.#passed({ topic, partition }, BigInt(lastOffset) + 1n);
    });
    this.#consumer.on(CRASH, ({ payload }) => {
      this.#join.resolve();
      this.#left(toPipelineError(payload.error, 'read records'));
      if (payload.restart) this.#join = Promise.withResolvers();
      else if (!this.#stopping.signal.aborted) this.#settle.reject(diedOf(payload.error));
    });
  }

  #listenToPulse(): void {
    const { FETCH_START, FETCH, HEARTBEAT, REBALANCING } = this.#consumer.events;
    this.#consumer.on(FETCH_START, ({ payload }) => this.#pulse.asking(payload.nodeId));
    this.#consumer.on(FETCH, ({ payload }) => this.#pulse.answered(payload.nodeId));
    this.#consumer.on(HEARTBEAT, () => this.#pulse.heartbeat());
    this.#consumer.on(REBALANCING, () => this.#left(null));
  }

  #left(error: PipelineError | null): void {
    this.#pulse.left(error);
    this.#options.onLeft?.();
  }

  /** What keeps the records from coming; null while they come, or would if there were any. */
  get trouble(): KafkaOutage | null {
    return this.#pulse.trouble;
  }

  /** Partitions that are read by this member now. */
  get assigned(): readonly TopicPartition[] {
    return this.#assignment.partitions;
  }

  /** Reads a partition again that a verdict has paused. No effect on one that is not assigned. */
  resume(where: TopicPartition): void {
    if (!this.#stopping.signal.aborted) this.#assignment.resume(where);
  }

  /**
   * Records between the next one to read and the end, per assigned partition; null while it is not known of every one.
   * One request per topic.
   */
  async lag(): Promise<readonly (TopicPartition & { records: number })[] | null> {
    const lags: (TopicPartition & { records: number })[] = [];
    const { assigned } = this;
    for (const [topic, partitions] of Map.groupBy(assigned, (where) => where.topic)) {
      const marks = await fetchWatermarks(this.#admin, topic);
      for (const { partition } of partitions) {
        const high = marks.get(partition)?.high;
        const position = this.#assignment.position({ topic, partition });
        if (high === undefined || position === undefined) return null;
        lags.push({ topic, partition, records: lagOf(high, position) });
      }
    }
    return assigned === this.assigned ? lags : null;
  }

  /** Members of the group by another client id than ours, as `id at host`: what they read does not come here. */
  async strangers(clientId: string): Promise<readonly string[]> {
    const { groups } = await this.#admin.describeGroups([this.#options.groupId]);
    return groups
      .flatMap(({ members }) => members)
      .filter((member) => member.clientId !== clientId)
      .map((member) => `${member.clientId} at ${member.clientHost.replace(/^\//, '')}`);
  }

  /** Lets the running batches end (10 s, then their signal aborts), commits, and leaves the group (5 s, if Kafka is away). */
  async close(): Promise<void> {
    this.#stopping.abort();
    const force = setTimeout(
      () => this.#grace.abort(new DOMException('the consumer stops', 'AbortError')),
      STOP_GRACE_MS,
    );
    await Promise.allSettled(this.#running);
    clearTimeout(force);
    await settlesWithin(SHUTDOWN_TIMEOUT_MS, this.#leave());
    this.#settle.resolve();
  }

  /** kafkajs forgets a join under way when it is stopped (its issue 1639), and the member would live on: the join ends first. */
  async #leave(): Promise<void> {
    await this.#commits.flush();
    await this.#join.promise;
    // It tells of a join a moment before it counts as joined itself.
    await setImmediate();
    await this.#disconnect();
  }

  async #disconnect(): Promise<void> {
    await Promise.allSettled([this.#consumer.disconnect(), this.#admin.disconnect()]);
  }

  /** The group's offset moves as well: once retention has deleted the markers, it would look as if records were missing. */
  #passed(where: TopicPartition, next: bigint): void {
    const position = this.#assignment.position(where);
    if (position === undefined || position >= next) return;
    this.#assignment.move(where, next);
    this.#commits.note(where, next, this.#assignment.topicId(where.topic));
    this.#options.onPassed?.(where, next);
  }

  async #onBatch(payload: EachBatchPayload): Promise<void> {
    if (!this.#stopping.signal.aborted) await payload.heartbeat();
    // Asked behind the heartbeat: `close` waits for the batches that it sees running, and for no others.
    if (this.#stopping.signal.aborted) {
      payload.pause();
      return;
    }
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
    if (!this.#grace.signal.aborted) this.#settle.reject(error);
  }

  async #apply(payload: EachBatchPayload, signal: AbortSignal): Promise<void> {
    const batch = toConsumedBatch(payload.batch);
    const { generation } = this.#assignment;
    const first = batch.records[0];
    const last = batch.records.at(-1);
    if (first === undefined || last === undefined) return;
    if (!(await this.#follows(batch))) {
      payload.pause();
      return this.#assignment.reread(batch);
    }
    const { nextOffset, action } = await this.#options.handle(batch, signal);
    if (generation !== this.#assignment.generation) return;
    if (action !== 'go-on') payload.pause();
    if (nextOffset > first.offset) {
      // kafkajs goes on behind the transaction's end marker when the last record is the one that is resolved.
      payload.resolveOffset(String(nextOffset > last.offset ? last.offset : nextOffset - 1n));
      this.#assignment.move(batch, nextOffset);
      this.#commits.note(batch, nextOffset, this.#assignment.topicId(batch.topic));
    }
    if (action === 'reread') this.#assignment.reread(batch);
  }

  /**
   * Offsets have holes (transaction markers, compaction), so a jump alone proves nothing: a jump forward is a gap when the
   * broker no longer has the record that was due. False when the topic was made again since: its records do not follow those
   * that were read.
   */
  async #follows(batch: ConsumedBatch): Promise<boolean> {
    const due = this.#assignment.position(batch);
    const first = batch.records[0]?.offset;
    if (due === undefined || first === undefined || first === due || this.#options.gapsAllowed(batch.topic))
      return true;
    const marks = (await fetchWatermarks(this.#admin, batch.topic)).get(batch.partition);
    if (marks === undefined || (first > due && marks.low <= due)) return true;
    const known = this.#assignment.topicId(batch.topic);
    const topicId = (await this.#options.topicIds()).get(batch.topic) ?? null;
    if (known !== null && topicId !== null && topicId !== known) return false;
    throw dataGap(batch, due, marks);
  }
}

function diedOf(cause: Error): PipelineError {
  const known = toPipelineError(cause, 'read records');
  if (known.errorClass === 'fatal') return known;
  return new PipelineError('CONSUMER_DIED', `the Kafka consumer ended by itself: ${known.message}`, {
    cause,
  });
}

/**
 * Records between the next one to read and the end (`high`) of a partition. A transaction's end marker at the very end may be
 * unread although every record is: it is no lag.
 */
export function lagOf(high: bigint, position: bigint): number {
  const distance = Number(high - position);
  return distance <= 1 ? 0 : distance;
}
