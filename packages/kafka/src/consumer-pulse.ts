import { PipelineError } from '@sluice/runtime';
import type { KafkaOutage } from './recovery-window.ts';

/** A fetch is answered within a quarter of a second when there is nothing to read. */
const SILENT_MS = 5000;
/** Between two heartbeats (`HEARTBEAT_INTERVAL_MS`), and for the answer. */
const BEAT_MS = 3000 + SILENT_MS;
/** A broker that was not asked again for so long is none that this member reads from: a request is given up after 30 s. */
const FORGOTTEN_MS = 45_000;

interface Asked {
  /** First and last try since the last answer. */
  readonly since: number;
  readonly at: number;
}

/**
 * Says whether a consumer gets answers, from what its client tells of its life: a broker that is frozen, or a group that
 * cannot be joined, makes no error for minutes. Times are milliseconds of one clock.
 */
export class ConsumerPulse {
  readonly #sessionMs: number;
  readonly #now: () => number;
  /** Brokers that have not answered yet, by their number. */
  readonly #asked = new Map<number, Asked>();
  /** Since when it is no member of its group; null while it is. */
  #leftAt: number | null;
  #beatAt = 0;
  #error: PipelineError | null = null;

  /** @param sessionMs after so long without a heartbeat the group lets this member go, in milliseconds */
  constructor(sessionMs: number, now: () => number = () => performance.now()) {
    this.#sessionMs = sessionMs;
    this.#now = now;
    this.#leftAt = now();
  }

  asking(broker: number): void {
    const at = this.#now();
    this.#asked.set(broker, { since: this.#asked.get(broker)?.since ?? at, at });
  }

  answered(broker: number): void {
    this.#asked.delete(broker);
  }

  heartbeat(): void {
    this.#beatAt = this.#now();
  }

  joined(): void {
    this.#leftAt = null;
    this.#error = null;
    this.#asked.clear();
    this.heartbeat();
  }

  /** Whether the last that it told of its group was a join, and a heartbeat was answered within its session. */
  get isMember(): boolean {
    return this.#leftAt === null && this.#now() - this.#beatAt < this.#sessionMs;
  }

  /** It reads nothing until it has joined again. @param error what made it leave, when that is known */
  left(error: PipelineError | null): void {
    this.#leftAt ??= this.#now();
    if (error !== null) this.#error = error;
  }

  /** What keeps it from reading; null while it reads, or has only just left the group. */
  get trouble(): KafkaOutage | null {
    const now = this.#now();
    if (this.#leftAt !== null) return this.#notJoined(now - this.#leftAt);
    for (const [broker, { since, at }] of this.#asked) {
      if (now - at > FORGOTTEN_MS) this.#asked.delete(broker);
      else if (now - since >= SILENT_MS) return silence(`read records: broker ${broker}`, now - since);
    }
    const beatless = now - this.#beatAt;
    return beatless < BEAT_MS ? null : silence('keep the membership of the group: its coordinator', beatless);
  }

  #notJoined(forMs: number): KafkaOutage | null {
    if (this.#error !== null) return { error: this.#error, forMs };
    return forMs < BEAT_MS ? null : silence('join the consumer group: its coordinator', forMs);
  }
}

function silence(whose: string, forMs: number): KafkaOutage {
  const message = `${whose} has not answered for ${Math.round(forMs / 1000)} s`;
  return { error: new PipelineError('KAFKA_UNREACHABLE', message), forMs };
}
