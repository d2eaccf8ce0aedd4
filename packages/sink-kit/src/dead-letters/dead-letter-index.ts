import { partitionName, type TopicPartition } from '@sluice/kafka';
import {
  isResolved,
  skippedName,
  type Decision,
  type Halt,
  type DeadLetterDecision,
  type PauseOrder,
  type RewindOrder,
  type Shortfall,
  type SkippedPlace,
  type SkippedTable,
} from './decisions.ts';
import type { DeadLetter } from './dead-letter.ts';

/** Letters held at most; more are only counted, and come into sight as others are resolved and the topic is read again. */
const LETTERS_HELD = 50_000;

export interface IndexedDeadLetter extends DeadLetter {
  /** Replays that were tried so far. */
  readonly replays: number;
  /** The newest decision about it; null when there is none. */
  readonly decision: DeadLetterDecision | null;
}

interface Entry {
  failedAtMs: number;
  /** Null for a letter that is only counted. */
  letter: DeadLetter | null;
}

type PendingRewind = RewindOrder & TopicPartition;

/**
 * The dead letters of a sink that nobody has resolved, from the records of the dead-letter topic and of the decisions topic in
 * whatever order they come. A record that was dead-lettered twice counts once; one that fails after it was resolved is open
 * again. Pure.
 */
export class DeadLetterIndex {
  readonly #open = new Map<string, Entry>();
  readonly #resolved = new Map<string, DeadLetter>();
  readonly #decisions = new Map<string, DeadLetterDecision>();
  readonly #ids = new Set<string>();
  readonly #rewinds = new Map<string, PendingRewind>();
  readonly #pauses = new Map<string, PauseOrder>();
  readonly #incomplete = new Map<string, Shortfall & TopicPartition>();
  readonly #skipped = new Map<string, SkippedTable & SkippedPlace>();
  readonly #holdsResolved: boolean;
  #held = 0;
  #halt: Halt | null = null;
  #releases = 0;

  /** @param holdsResolved for a list that shows resolved letters too */
  constructor(holdsResolved = false) {
    this.#holdsResolved = holdsResolved;
  }

  /** Unresolved letters. */
  get depth(): number {
    return this.#open.size;
  }

  get halt(): Halt | null {
    return this.#halt;
  }

  /** Rewinds that were ordered and not done yet. */
  get rewinds(): readonly PendingRewind[] {
    return [...this.#rewinds.values()];
  }

  /** What operators have paused: `database.table`, or `*` for all of the sink. */
  get pauses(): ReadonlyMap<string, PauseOrder> {
    return this.#pauses;
  }

  /** Partitions that the sink lacks older records of, by `partitionName`. */
  get incomplete(): ReadonlyMap<string, Shortfall & TopicPartition> {
    return this.#incomplete;
  }

  /** What the sink has passed over, by `skippedName`. */
  get skipped(): ReadonlyMap<string, SkippedTable & SkippedPlace> {
    return this.#skipped;
  }

  /** Counts the records that operators have released so far: a change says that held partitions should look again. */
  get releases(): number {
    return this.#releases;
  }

  isReleased(id: string): boolean {
    return this.#decisions.get(id)?.outcome === 'released';
  }

  decisionOf(id: string): DeadLetterDecision | null {
    return this.#decisions.get(id) ?? null;
  }

  /** Unresolved letters, and the resolved ones when they are held. */
  letters(): readonly IndexedDeadLetter[] {
    const open = [...this.#open.values()].flatMap(({ letter }) => (letter === null ? [] : [letter]));
    return [...open, ...this.#resolved.values()].map((letter) => {
      const decision = this.decisionOf(letter.id);
      return { ...letter, decision, replays: decision?.replays ?? 0 };
    });
  }

  /** Ids that were decided before `beforeMs` and have no letter any more: retention has deleted it. */
  forgotten(beforeMs: number): readonly string[] {
    return [...this.#decisions]
      .filter(([id, { at, outcome }]) => outcome !== 'released' && at < beforeMs && !this.#ids.has(id))
      .map(([id]) => id);
  }

  addDeadLetter(letter: DeadLetter): void {
    const { id, failedAtMs } = letter;
    this.#ids.add(id);
    const decision = this.#decisions.get(id);
    if (decision !== undefined && covers(decision, failedAtMs)) {
      if (this.#holdsResolved) this.#resolved.set(id, letter);
      return;
    }
    const known = this.#open.get(id);
    if (known !== undefined && known.failedAtMs > failedAtMs) return;
    if (known?.letter) this.#held -= 1;
    const held = this.#held < LETTERS_HELD;
    this.#open.set(id, { failedAtMs, letter: held ? letter : null });
    this.#resolved.delete(id);
    if (held) this.#held += 1;
  }

  apply(decision: Decision): void {
    if (decision.kind === 'letter') this.#decide(decision.id, decision.value);
    else if (decision.kind === 'halt') this.#halt = decision.value;
    else if (decision.kind === 'pause') this.#pause(decision.table, decision.value);
    else if (decision.kind === 'rewind') setOrDelete(this.#rewinds, decision);
    else if (decision.kind === 'skipped') this.#skip(decision, decision.value);
    else setOrDelete(this.#incomplete, decision);
  }

  #skip({ topic, partition, table }: SkippedPlace, value: SkippedTable | null): void {
    const place = { topic, partition, table };
    if (value === null) this.#skipped.delete(skippedName(place));
    else this.#skipped.set(skippedName(place), { ...value, ...place });
  }

  #pause(table: string, order: PauseOrder | null): void {
    if (order === null) this.#pauses.delete(table);
    else this.#pauses.set(table, order);
  }

  /** A decision that was taken back is one about a letter that is gone: it never opens one again. */
  #decide(id: string, decision: DeadLetterDecision | null): void {
    if (decision === null) {
      this.#decisions.delete(id);
      return;
    }
    this.#decisions.set(id, decision);
    if (decision.outcome === 'released') this.#releases += 1;
    const entry = this.#open.get(id);
    if (entry === undefined || !covers(decision, entry.failedAtMs)) return;
    this.#open.delete(id);
    if (entry.letter === null) return;
    this.#held -= 1;
    if (this.#holdsResolved) this.#resolved.set(id, entry.letter);
  }
}

/** By `partitionName`. */
function setOrDelete<T>(
  map: Map<string, T & TopicPartition>,
  { topic, partition, value }: TopicPartition & { readonly value: T | null },
): void {
  const name = partitionName(topic, partition);
  if (value === null) map.delete(name);
  else map.set(name, { ...value, topic, partition });
}

function covers(decision: DeadLetterDecision, failedAtMs: number): boolean {
  return isResolved(decision) && decision.failedAt >= failedAtMs;
}
