import type { Term } from './instance-record.ts';

export interface Word {
  /** By this process's own monotonic clock, milliseconds. */
  readonly nowMs: number;
  /** Whether more is to come from who says it: it was heard now, and is no goodbye. */
  readonly speaks: boolean;
}

/**
 * Which fence is the newest, by what leaders say of theirs. Of one producer id the greater epoch is the later. Of two ids the greater is, as a
 * rule: but brokers take them from blocks of their own, and a transactional id gets another one when its own has expired, its epochs are
 * used up or its cluster is another (docs/decisions/0031). So a lower id, or one that was followed by another already, counts where the
 * newest says nothing any more; while that one speaks, it is the late word of one that was fenced. Pure.
 */
export class FenceOrder {
  readonly #patienceMs: number;
  #newest: Term | null = null;
  /** When it has spoken last; null when nothing more is to come. */
  #spokeMs: number | null = null;
  /** Producer ids that another one has followed. */
  readonly #followed = new Set<string>();

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** Takes in what a leader says. @returns false for the word of one that was fenced */
  takes(term: Term, word: Word): boolean {
    if (this.#isLate(term, word.nowMs)) return false;
    this.begin(term, word);
    return true;
  }

  /** It is the newest. */
  begin(term: Term, { nowMs, speaks }: Word): void {
    const { producerId } = term;
    if (this.#newest !== null && this.#newest.producerId !== producerId)
      this.#followed.add(this.#newest.producerId);
    this.#followed.delete(producerId);
    this.#newest = term;
    this.#spokeMs = speaks ? nowMs : null;
  }

  /** Whether a later one than this is known, which was the newest when it was begun. */
  isAfter({ producerId, epoch }: Term): boolean {
    if (this.#newest === null) return false;
    return this.#newest.producerId === producerId ? this.#newest.epoch > epoch : true;
  }

  #isLate({ producerId, epoch }: Term, nowMs: number): boolean {
    const newest = this.#newest;
    if (newest === null) return false;
    if (newest.producerId === producerId) return epoch < newest.epoch;
    const isLater = BigInt(producerId) > BigInt(newest.producerId) && !this.#followed.has(producerId);
    return !isLater && this.#spokeMs !== null && nowMs - this.#spokeMs <= this.#patienceMs;
  }
}
