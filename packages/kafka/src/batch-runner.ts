import kafkajs, { type Admin, type EachBatchPayload, type KafkaJSProtocolError } from 'kafkajs';
import { toConsumedBatch, type ConsumedBatch } from './consumed-batch.ts';
import type { Assignment } from './consumer-assignment.ts';
import type { CommitQueue } from './consumer-commits.ts';
import type { BatchConsumerOptions } from './consumer-options.ts';
import { dataGap, fetchWatermarks } from './consumer-start.ts';

/** Shorter than the interval: kafkajs sends one only when the interval has passed, a slower tick would skip every other. */
const HEARTBEAT_TICK_MS = 1_000;
const STOP_GRACE_MS = 10_000;

export interface BatchRunnerParts extends Pick<BatchConsumerOptions, 'handle' | 'gapsAllowed' | 'topicIds'> {
  readonly admin: Admin;
  readonly assignment: Assignment;
  readonly commits: CommitQueue;
  readonly stopping: AbortSignal;
  /** Whether the consumer has joined its group since it last left it, and its commits have been taken since. */
  readonly isMember: () => boolean;
  /** What ends the consumer. */
  readonly onFatal: (error: unknown) => void;
}

/** The batches that kafkajs hands over: each to the handler, with heartbeats meanwhile, and its verdict back to kafkajs. */
export class BatchRunner {
  readonly #parts: BatchRunnerParts;
  readonly #running = new Set<Promise<void>>();
  readonly #grace = new AbortController();

  constructor(parts: BatchRunnerParts) {
    this.#parts = parts;
  }

  /** Throws only what kafkajs must see to rejoin: an error of the heartbeat, or `notJoined`. Any other error ends the consumer. */
  async run(payload: EachBatchPayload): Promise<void> {
    const { stopping, isMember } = this.#parts;
    if (!isMember()) throw notJoined();
    if (!stopping.aborted) await payload.heartbeat();
    // Asked behind the heartbeat: `drain` waits for the batches that it sees running, and for no others.
    if (stopping.aborted) {
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

  /** Lets the running batches end: after 10 s their signal aborts. */
  async drain(): Promise<void> {
    const force = setTimeout(
      () => this.#grace.abort(new DOMException('the consumer stops', 'AbortError')),
      STOP_GRACE_MS,
    );
    await Promise.allSettled(this.#running);
    clearTimeout(force);
  }

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
    if (!this.#grace.signal.aborted) this.#parts.onFatal(error);
  }

  async #apply(payload: EachBatchPayload, signal: AbortSignal): Promise<void> {
    const { assignment, commits, handle } = this.#parts;
    const batch = toConsumedBatch(payload.batch);
    const { generation } = assignment;
    const first = batch.records[0];
    const last = batch.records.at(-1);
    if (first === undefined || last === undefined) return;
    if (!(await this.#follows(batch))) {
      payload.pause();
      return assignment.reread(batch);
    }
    const { nextOffset, action } = await handle(batch, signal);
    if (generation !== assignment.generation) return;
    if (action !== 'go-on') payload.pause();
    if (nextOffset > first.offset) {
      // kafkajs continues behind the transaction's end marker when the last record is the one that is resolved.
      payload.resolveOffset(String(nextOffset > last.offset ? last.offset : nextOffset - 1n));
      assignment.move(batch, nextOffset);
      commits.note(batch, nextOffset, assignment.topicId(batch.topic));
    }
    if (action === 'reread') assignment.reread(batch);
  }

  /**
   * Offsets have holes (transaction markers, compaction), so a jump alone proves nothing: a jump forward is a gap when the
   * broker no longer has the record that was due. False when the records do not follow those that were read, and those that do
   * are there: the answer came late, or the topic was made again since.
   */
  async #follows(batch: ConsumedBatch): Promise<boolean> {
    const { admin, assignment, gapsAllowed, topicIds } = this.#parts;
    const due = assignment.position(batch);
    const first = batch.records[0]?.offset;
    if (due === undefined || first === undefined || first === due || gapsAllowed(batch.topic)) return true;
    const marks = (await fetchWatermarks(admin, batch.topic)).get(batch.partition);
    if (marks === undefined || (first > due && marks.low <= due)) return true;
    // A broker that was frozen answers what it was asked long ago.
    if (first < due && marks.low <= due && due <= marks.high) return false;
    const known = assignment.topicId(batch.topic);
    const topicId = (await topicIds()).get(batch.topic) ?? null;
    if (known !== null && topicId !== null && topicId !== known) return false;
    throw dataGap(batch, due, marks);
  }
}

/**
 * A batch without a membership: the coordinator had moved, joining at the new one failed, and kafkajs continues with the
 * partitions that it had. Its heartbeats go to the new coordinator and are answered, its commits to the old one, which
 * refuses them: without this error it would neither join again nor commit until it is restarted. kafkajs tells of some joins
 * only when they are done (those that follow a fetch), so a commit that failed is a sign as well. A coordinator that is frozen
 * is asked six times for 30 s; the group has given the partitions to others by then.
 */
function notJoined(): KafkaJSProtocolError {
  const error = new Error('the consumer has left its group and has not joined again');
  return new kafkajs.KafkaJSProtocolError(Object.assign(error, { type: 'REBALANCE_IN_PROGRESS', code: 27 }));
}
