import { setImmediate } from 'node:timers/promises';
import { PipelineError, settlesWithin } from '@sluice/runtime';
import type { Admin, Consumer } from 'kafkajs';
import { BatchRunner } from './batch-runner.ts';
import { Assignment } from './consumer-assignment.ts';
import { CommitQueue } from './consumer-commits.ts';
import { measureLag, strangersIn } from './consumer-lag.ts';
import { groupConsumer, type BatchConsumerOptions } from './consumer-options.ts';
import type { TopicPartition } from './consumer-start.ts';
import { ConsumerPulse } from './consumer-pulse.ts';
import { ConsumerRestarts } from './consumer-restarts.ts';
import { toPipelineError } from './errors.ts';
import type { KafkaOutage } from './recovery-window.ts';

const COMMIT_DELAY_MS = 100;
/** For the last commit and the leave. A broker that does not answer ends our session itself; records come again. */
const SHUTDOWN_TIMEOUT_MS = 5_000;

/**
 * Reads batches for a consumer group, one handler call per batch. It keeps three promises that kafkajs does not:
 * the first batch of an assignment starts where the store says, records that vanished unread stop it (DATA_GAP),
 * and a consumer that has died is seen (`done` rejects).
 *
 * A handler that has to wait longer than a moment returns with `pause`: kafkajs then continues fetching the other
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
  readonly #settle = Promise.withResolvers<void>();
  readonly #assignment: Assignment;
  readonly #batches: BatchRunner;
  readonly #pulse: ConsumerPulse;
  readonly #stopping = new AbortController();
  readonly #restarts = new ConsumerRestarts(this.#stopping.signal);
  /** Resolves when no join is under way. */
  #join = Promise.withResolvers<void>();

  constructor(options: BatchConsumerOptions) {
    this.#options = options;
    this.#pulse = new ConsumerPulse(options.sessionTimeoutMs);
    this.#join.resolve();
    this.#admin = options.kafka.admin();
    this.#consumer = groupConsumer(options, async (error) => this.#restarts.mayRestart(error));
    this.#commits = new CommitQueue(this.#consumer, options.log, COMMIT_DELAY_MS);
    this.#assignment = this.#newAssignment();
    this.#batches = new BatchRunner({
      admin: this.#admin,
      assignment: this.#assignment,
      commits: this.#commits,
      handle: options.handle,
      gapsAllowed: options.gapsAllowed,
      topicIds: options.topicIds,
      stopping: this.#stopping.signal,
      isMember: () => this.#pulse.isMember && !this.#commits.hasFailed,
      onFatal: (error) => this.#settle.reject(error),
    });
    this.done = this.#settle.promise;
    this.done.catch(() => undefined);
  }

  #newAssignment(): Assignment {
    const { groupId, storedOffset, keepTopicId, topicIds, gapsAllowed, remember, onAssigned, log } =
      this.#options;
    return new Assignment({
      admin: this.#admin,
      consumer: this.#consumer,
      groupId,
      storedOffset,
      keepTopicId,
      topicIds,
      gapsAllowed,
      remember,
      onAssigned,
      onFailure: (error) => this.#settle.reject(error),
      onWaiting: (error) => this.#options.onWaiting?.(error),
      stopping: this.#stopping.signal,
      log,
    });
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
      eachBatch: (payload) => this.#batches.run(payload),
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
      this.#commits.joined();
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

  /** Records between the next one to read and the end, per assigned partition; null while it is not known of every one. */
  lag(): Promise<readonly (TopicPartition & { records: number })[] | null> {
    return measureLag(this.#admin, this.#assignment);
  }

  /** Members of the group by another client id than ours, as `id at host`: what they read does not come here. */
  strangers(clientId: string): Promise<readonly string[]> {
    return strangersIn(this.#admin, this.#options.groupId, clientId);
  }

  /** Lets the running batches end (10 s, then their signal aborts), commits, and leaves the group (5 s, if Kafka is away). */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#batches.drain();
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
}

function diedOf(cause: Error): PipelineError {
  const known = toPipelineError(cause, 'read records');
  if (known.errorClass === 'fatal') return known;
  return new PipelineError('CONSUMER_DIED', `the Kafka consumer ended by itself: ${known.message}`, {
    cause,
  });
}
