import type { TopicRecord } from '@sluice/kafka';
import type { ListedDeadLetter } from '@sluice/ops-api';
import type { Halt, DeadLetterDecision, DeadLetterOutcome } from './decisions.ts';
import { inLogOrder, matcher, type DeadLetter, type DeadLetterFilter } from './dead-letter.ts';
import type { IndexedDeadLetter, DeadLetterIndex } from './dead-letter-index.ts';
import type { DeadLetterStore } from './dead-letter-store.ts';

/**
 * What an operator does with the dead letters of a sink, by the command line or the ops API alike. Every verb looks at Kafka
 * first; nothing here needs the store, so all of it works while the sink is stopped.
 */
export class DeadLetterAdmin {
  readonly #store: DeadLetterStore;
  readonly #now: () => number;

  constructor(store: DeadLetterStore, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  get store(): DeadLetterStore {
    return this.#store;
  }

  /** Letters that fit, in the order in which their records stood. */
  async list(filter: DeadLetterFilter): Promise<readonly IndexedDeadLetter[]> {
    const index = await this.#store.refresh();
    return select(index, filter);
  }

  /** The newest copy of a letter; null when there is no such letter, or it is gone. */
  async show(id: string): Promise<{ letter: IndexedDeadLetter; record: TopicRecord } | null> {
    const [letter] = await this.list({ ids: [id] });
    if (letter === undefined) return null;
    const record = await this.#store.read(letter);
    return record === null ? null : { letter, record };
  }

  /** Resolves open letters without applying them. */
  async discard(letters: readonly IndexedDeadLetter[], by: string, reason?: string): Promise<void> {
    for (const letter of letters) await this.record(letter, 'discarded', by, reason);
  }

  /** Lets a record that holds up a strict table become a dead letter. */
  async release(id: string, by: string, reason?: string): Promise<void> {
    await this.#store.refresh();
    const replays = this.#store.index.decisionOf(id)?.replays ?? 0;
    await this.#decide(id, { outcome: 'released', failedAt: 0, replays, by, reason });
  }

  async record(
    letter: IndexedDeadLetter,
    outcome: DeadLetterOutcome,
    by: string,
    reason?: string,
  ): Promise<void> {
    const tried = outcome !== 'discarded' && outcome !== 'released';
    const replays = letter.replays + (tried ? 1 : 0);
    await this.#decide(letter.id, { outcome, failedAt: letter.failedAtMs, replays, by, reason });
  }

  /** Stops the sink from applying a table, or with `*` anything, until `resume`. */
  async pause(table: string, by: string, reason?: string): Promise<void> {
    const value = { at: this.#now(), by, ...(reason === undefined ? {} : { reason }) };
    await this.#store.decide({ kind: 'pause', table, value });
  }

  /** Takes a pause back; false when there is none. */
  async resume(table: string): Promise<boolean> {
    const { pauses } = await this.#store.refresh();
    if (!pauses.has(table)) return false;
    await this.#store.decide({ kind: 'pause', table, value: null });
    return true;
  }

  /** Answers a halt; null when there is none to answer. */
  async acceptHalt(by: string, reason: string): Promise<Halt | null> {
    const { halt } = await this.#store.refresh();
    if (halt === null || halt.accepted !== null) return null;
    const value = { ...halt, accepted: { at: this.#now(), by, reason } };
    await this.#store.decide({ kind: 'halt', value });
    return value;
  }

  async #decide(
    id: string,
    decision: Omit<DeadLetterDecision, 'at' | 'reason'> & { readonly reason: string | undefined },
  ): Promise<void> {
    const { reason, ...rest } = decision;
    const value = { at: this.#now(), ...rest, ...(reason === undefined ? {} : { reason }) };
    await this.#store.decide({ kind: 'letter', id, value });
  }
}

export function select(index: DeadLetterIndex, filter: DeadLetterFilter): readonly IndexedDeadLetter[] {
  return index.letters().filter(matcher(filter)).toSorted(inLogOrder);
}

/** A letter as it is shown: JSON has no bigint. */
export function describeDeadLetter(letter: IndexedDeadLetter): ListedDeadLetter {
  const { offset, place, failedAtMs, decision, ...rest } = letter satisfies DeadLetter;
  return {
    ...rest,
    offset: offset === null ? null : String(offset),
    failedAt: new Date(failedAtMs).toISOString(),
    place: { partition: place.partition, offset: String(place.offset) },
    decision:
      decision === null
        ? null
        : {
            outcome: decision.outcome,
            at: new Date(decision.at).toISOString(),
            by: decision.by,
            ...(decision.reason === undefined ? {} : { reason: decision.reason }),
          },
  };
}
