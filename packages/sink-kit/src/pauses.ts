import { partitionName, type TopicPartition } from '@sluice/kafka';
import type { PauseReason } from '@sluice/ops-api';

export interface Pause extends TopicPartition {
  readonly reason: PauseReason;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly detail: string;
}

interface OpenPause extends Pause {
  readonly timer: NodeJS.Timeout | null;
}

/** Partitions that are not read for now, and what wakes them: a timer, or the breaker. */
export class Pauses {
  readonly #resume: (where: TopicPartition) => void;
  readonly #open = new Map<string, OpenPause>();

  constructor(resume: (where: TopicPartition) => void) {
    this.#resume = resume;
  }

  get all(): readonly Pause[] {
    return [...this.#open.values()].map(({ timer: _, ...pause }) => pause);
  }

  get size(): number {
    return this.#open.size;
  }

  counts(): ReadonlyMap<PauseReason, number> {
    const counts = new Map<PauseReason, number>();
    for (const { reason } of this.#open.values()) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    return counts;
  }

  /** `wakeMs` null: only `wakeOne` or `wakeAll` end it. */
  add(pause: Pause, wakeMs: number | null): void {
    const name = partitionName(pause.topic, pause.partition);
    this.#forget(name);
    const timer = wakeMs === null ? null : setTimeout(() => this.#wake(name), wakeMs);
    this.#open.set(name, { ...pause, timer });
  }

  /** Wakes one partition that waits for this reason; false when there is none. */
  wakeOne(reason: PauseReason): boolean {
    for (const [name, pause] of this.#open) {
      if (pause.reason !== reason) continue;
      this.#wake(name);
      return true;
    }
    return false;
  }

  wakeAll(reason: PauseReason): void {
    for (const [name, pause] of this.#open) if (pause.reason === reason) this.#wake(name);
  }

  /** Forgets every pause without waking: the assignment is new, or the service stops. */
  clear(): void {
    for (const name of this.#open.keys()) this.#forget(name);
  }

  #wake(name: string): void {
    const pause = this.#forget(name);
    if (pause !== undefined) this.#resume({ topic: pause.topic, partition: pause.partition });
  }

  #forget(name: string): OpenPause | undefined {
    const pause = this.#open.get(name);
    if (pause?.timer) clearTimeout(pause.timer);
    this.#open.delete(name);
    return pause;
  }
}
