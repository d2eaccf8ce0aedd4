import { abortableDelay, fullJitter, type Logger, PipelineError, settlesWithin } from '@sluice/runtime';
import type { Admin, Consumer } from 'kafkajs';
import {
  chooseStart,
  fetchCommitted,
  fetchWatermarks,
  isMovedByOthers,
  isOfTopic,
  partitionName,
  type StartOffset,
  type StoredOffset,
  type TopicPartition,
  type Watermarks,
} from './consumer-start.ts';
import { isNotConnected, toPipelineError } from './errors.ts';

const RECONNECT_MS = 10_000;

export interface AssignmentOptions {
  readonly admin: Admin;
  readonly consumer: Pick<Consumer, 'pause' | 'resume' | 'seek'>;
  readonly groupId: string;
  /**
   * Offset to continue at, kept outside Kafka with the topic's id; null for a partition never stored. Absent: the group's own
   * offset.
   */
  readonly storedOffset?: ((topic: string, partition: number) => Promise<StoredOffset | null>) | undefined;
  /** Keeps the id that stored offsets belong to from now on, outside Kafka; an offset of an earlier topic is forgotten. */
  readonly keepTopicId?: ((where: TopicPartition, topicId: string) => Promise<void>) | undefined;
  /** Ids of the topics there are, by name. */
  readonly topicIds: () => Promise<ReadonlyMap<string, string>>;
  /** True for topics of which only the newest record matters: a gap there is no loss. */
  readonly gapsAllowed: (topic: string) => boolean;
  /** Before any offset of the assignment is read, or committed: what must outlive a kill from here on. A failure is tried again. */
  readonly remember?: ((starts: readonly StartOffset[]) => Promise<void>) | undefined;
  /** Every partition of a new assignment stands at its offset; none is read yet. */
  readonly onAssigned: (partitions: readonly StartOffset[]) => void;
  /** The offsets cannot be found, or records are gone that were to be read next. */
  readonly onFailure: (error: unknown) => void;
  /** Is told of every failure that is followed by another try. */
  readonly onWaiting: (error: PipelineError) => void;
  /** Ends the waiting for offsets. */
  readonly stopping: AbortSignal;
  readonly log: Logger;
}

interface Starts {
  readonly starts: readonly StartOffset[];
  /** Partitions whose topic's id (beside them) is not the one that is kept outside Kafka. */
  readonly strange: readonly (readonly [TopicPartition, string])[];
}

const START_BACKOFF = { initialMs: 100, maxMs: 10_000 };

/**
 * The partitions of this member and where each stands. A partition is read only after its offset was found: until then it
 * is paused, whoever asks for it. (Waiting for its first batch instead would be too late: on an offset out of range kafkajs
 * overwrites the group's committed offset and jumps.)
 */
export class Assignment {
  readonly #options: AssignmentOptions;
  /** Offset of the next record of each partition that has begun. */
  readonly #positions = new Map<string, bigint>();
  #partitions: readonly TopicPartition[] = [];
  #topicIds: ReadonlyMap<string, string> = new Map();
  #generation = 0;

  constructor(options: AssignmentOptions) {
    this.#options = options;
  }

  get partitions(): readonly TopicPartition[] {
    return this.#partitions;
  }

  /** Another number after each join and each loss: what began under an older one has no say any more. */
  get generation(): number {
    return this.#generation;
  }

  /** Runs inside kafkajs's join, before its first fetch. */
  join(memberAssignment: Readonly<Record<string, number[]>>): void {
    this.leave();
    const byTopic = Object.entries(memberAssignment).map(([topic, partitions]) => ({ topic, partitions }));
    this.#partitions = byTopic.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    );
    this.#options.consumer.pause(byTopic);
    void this.#beginUntilItWorks(this.#partitions, this.#options.onAssigned);
  }

  /** Nothing is this member's until the next join: kafkajs has ended, for good or to start again. */
  leave(): void {
    this.#generation += 1;
    this.#partitions = [];
    this.#positions.clear();
  }

  position({ topic, partition }: TopicPartition): bigint | undefined {
    return this.#positions.get(partitionName(topic, partition));
  }

  /** Null where it is not known. */
  topicId(topic: string): string | null {
    return this.#topicIds.get(topic) ?? null;
  }

  /** Reading has come to `next`; no effect on a partition that has not begun. */
  move({ topic, partition }: TopicPartition, next: bigint): void {
    const name = partitionName(topic, partition);
    if (this.#positions.has(name)) this.#positions.set(name, next);
  }

  /** Reads a paused partition again. No effect on one that has not begun: its beginning resumes it. */
  resume(where: TopicPartition): void {
    if (this.position(where) === undefined) return;
    this.#options.consumer.resume([{ topic: where.topic, partitions: [where.partition] }]);
  }

  /** Begins a paused partition again, at the offset that is stored now. */
  reread(where: TopicPartition): void {
    if (!this.#positions.delete(partitionName(where.topic, where.partition))) return;
    void this.#beginUntilItWorks([where], () => undefined);
  }

  /** A leader that moves or a store of offsets that is away is waited for: nothing is read meanwhile, membership is kept. */
  async #beginUntilItWorks(
    partitions: readonly TopicPartition[],
    onBegun: AssignmentOptions['onAssigned'],
  ): Promise<void> {
    const { admin, stopping, onFailure, onWaiting, log } = this.#options;
    const generation = this.#generation;
    for (let attempt = 0; generation === this.#generation && !stopping.aborted; attempt++) {
      try {
        const { starts, strange } = await this.#chooseStarts(partitions);
        await this.#options.remember?.(starts);
        for (const [where, topicId] of strange) await this.#options.keepTopicId?.(where, topicId);
        if (generation === this.#generation && !stopping.aborted) this.#begin(starts, onBegun);
        return;
      } catch (error) {
        const known = toPipelineError(error, 'find the offsets to start at');
        if (known.errorClass !== 'retryable') return onFailure(known);
        onWaiting(known);
        if (attempt === 0)
          log.warn({ event: 'consumer.waiting', err: known }, 'cannot find the offsets to start at yet');
        await abortableDelay(fullJitter(attempt, START_BACKOFF), stopping).catch(() => undefined);
        if (isNotConnected(error) && !stopping.aborted) await settlesWithin(RECONNECT_MS, reconnect(admin));
      }
    }
  }

  #begin(starts: readonly StartOffset[], onBegun: AssignmentOptions['onAssigned']): void {
    const { consumer } = this.#options;
    for (const { topic, partition, offset } of starts) {
      this.#positions.set(partitionName(topic, partition), offset);
      consumer.seek({ topic, partition, offset: String(offset) });
    }
    onBegun(starts);
    consumer.resume(starts.map(({ topic, partition }) => ({ topic, partitions: [partition] })));
  }

  async #chooseStarts(partitions: readonly TopicPartition[]): Promise<Starts> {
    const { admin, groupId, storedOffset, gapsAllowed } = this.#options;
    const topics = [...new Set(partitions.map(({ topic }) => topic))];
    if (topics.length === 0) return { starts: [], strange: [] };
    const committed = await fetchCommitted(admin, groupId, topics);
    const marks = new Map<string, ReadonlyMap<number, Watermarks>>();
    for (const topic of topics) marks.set(topic, await fetchWatermarks(admin, topic));
    // Asked last: of a topic that is made again meanwhile the id is the new one.
    this.#topicIds = await this.#options.topicIds();
    const unknown = topics.find((topic) => this.#topicIds.size > 0 && !this.#topicIds.has(topic));
    // A broker may be late with a new topic. What is committed without an id would later be taken for another program's.
    if (unknown !== undefined)
      throw new PipelineError(
        'KAFKA_UNREACHABLE',
        `the broker that was asked does not know topic ${unknown} yet`,
      );
    const starts: StartOffset[] = [];
    const strange: [TopicPartition, string][] = [];
    const replaced = new Set<string>();
    const moved = new Set<string>();
    // One after the other: an assignment of a thousand partitions must not become a thousand questions at once.
    for (const where of partitions) {
      const { topic, partition } = where;
      const topicId = this.topicId(topic);
      const mirrored = committed.get(partitionName(topic, partition)) ?? null;
      const inGroup = storedOffset === undefined || gapsAllowed(topic);
      const stored = inGroup ? mirrored : await storedOffset(topic, partition);
      if (!inGroup && topicId !== null && stored?.topicId !== topicId) strange.push([where, topicId]);
      const range = marks.get(topic)?.get(partition) ?? { low: 0n, high: 0n };
      if (stored === null || isOfTopic(stored, topicId)) {
        const start = chooseStart(where, stored?.offset ?? null, range, gapsAllowed(topic));
        const isMoved = inGroup && !gapsAllowed(topic) && stored !== null && isMovedByOthers(stored, topicId);
        if (isMoved) moved.add(topic);
        starts.push(isMoved ? { ...start, isLate: true } : start);
      } else {
        replaced.add(topic);
        starts.push({ topic, partition, offset: range.low, isLate: !gapsAllowed(topic) });
      }
    }
    if (replaced.size > 0)
      this.#options.log.warn(
        { event: 'consumer.topics_replaced', topics: [...replaced] },
        'these topics were deleted and made again: they are read from their begin',
      );
    if (moved.size > 0)
      this.#options.log.warn(
        { event: 'consumer.offsets_moved', topics: [...moved] },
        'another program has moved the offsets of this consumer group: what it passed over was not read. Use `sluice sink rewind`',
      );
    return { starts, strange };
  }
}

/** Nothing is under way on such a connection, which kafkajs takes for an open one: it has to be closed before it is made again. */
async function reconnect(admin: Admin): Promise<void> {
  await admin.disconnect();
  await admin.connect();
}
