import { FenceOrder } from './fence-order.ts';
import type { InstanceRecord, Term } from './instance-record.ts';

/** A capture, as it was seen last. */
export interface Fellow {
  readonly record: InstanceRecord;
  readonly offset: bigint;
  /** By this process's own monotonic clock, milliseconds. */
  readonly seenMs: number;
  /** Whether it has said something since this process looked first: before that it may be long gone. */
  readonly isHeard: boolean;
  /** Offset of the record that first had the candidacy of the newest one. */
  readonly candidateAt: bigint;
}

/**
 * Whether another capture leads, by its own word since this process looks: what is measured of the source is for that one to say.
 * @param leader by its newest record; null when none is known
 */
export function isLedByAnother(
  own: { readonly name: string; readonly leads: boolean },
  leader: Pick<Fellow, 'record' | 'isHeard'> | null,
): boolean {
  return !own.leads && leader !== null && leader.isHeard && leader.record.instance !== own.name;
}

/** Part of the key of a leader's record; a standby has its instance there. */
export const LEADER = 'leader';

/** The captures of a pipeline by their records, in the order of these. Pure. */
export class Fellows {
  readonly #standbys = new Map<string, Fellow>();
  readonly #fences: FenceOrder;
  #leader: Fellow | null = null;

  /** @param patienceMs how long a leader may say nothing before a word of another one that was led by before counts */
  constructor(patienceMs: number) {
    this.#fences = new FenceOrder(patienceMs);
  }

  /**
   * @param key of the record behind the pipeline: `leader`, or an instance
   * @param record null for one that has ended
   * @param isHeard whether it came after the first look
   */
  note(
    key: string,
    record: InstanceRecord | null,
    at: { readonly offset: bigint; readonly nowMs: number; readonly isHeard: boolean },
  ): void {
    const { offset, nowMs: seenMs, isHeard } = at;
    if (key !== LEADER) {
      const before = this.#standbys.get(key);
      if (record === null) this.#standbys.delete(key);
      else {
        const isSame = before !== undefined && before.record.candidateFor === record.candidateFor;
        this.#standbys.set(key, {
          record,
          offset,
          seenMs,
          isHeard,
          candidateAt: isSame ? before.candidateAt : offset,
        });
      }
      return;
    }
    // One that was fenced and does not know it yet may still say that it leads.
    if (record === null || record.term === null) return;
    const speaks = isHeard && record.goodbye === null;
    if (!this.#fences.takes(record.term, { nowMs: seenMs, speaks })) return;
    this.#leader = { record, offset, seenMs, isHeard, candidateAt: offset };
    this.#standbys.delete(record.instance);
  }

  /** This process has fenced all others: that is the newest fence, whatever was heard. */
  lead(term: Term, nowMs: number): void {
    this.#fences.begin(term, { nowMs, speaks: true });
  }

  /** Whether a word of this session tells of a later fence. */
  isOver(term: Term): boolean {
    return this.#leader?.isHeard === true && this.#fences.isAfter(term);
  }

  /** Of the newest fence; null when none is known. */
  get leader(): Fellow | null {
    return this.#leader;
  }

  /** Those that have been heard within `patienceMs`, by name. */
  standbys(nowMs: number, patienceMs: number): readonly Fellow[] {
    return [...this.#standbys.values()]
      .filter(({ isHeard, seenMs }) => isHeard && nowMs - seenMs <= patienceMs)
      .sort((a, b) => (a.record.instance < b.record.instance ? -1 : 1));
  }

  /** Whether any has said that it stands by, and not that it has ended. */
  get hasStandbys(): boolean {
    return this.#standbys.size > 0;
  }

  /** The standby of this name; null when there is none. */
  get(instance: string): Fellow | null {
    return this.#standbys.get(instance) ?? null;
  }

  /** Of those who want the place of the leader whose last sign this is, the one who said so first; null for nobody. */
  elected(sign: string, nowMs: number, patienceMs: number): string | null {
    const [first] = this.standbys(nowMs, patienceMs)
      .filter(({ record }) => record.candidateFor === sign)
      .sort((a, b) => (a.candidateAt < b.candidateAt ? -1 : 1));
    return first?.record.instance ?? null;
  }
}
