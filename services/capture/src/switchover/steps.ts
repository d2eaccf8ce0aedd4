import type { Writes } from './read-only.ts';

/** In their order. Up to `release` all of it can be taken back. */
export const STEPS = ['check', 'lock', 'drain', 'catchUp', 'move', 'verify', 'release', 'forget'] as const;
export type Step = (typeof STEPS)[number];

/** In their order: applications wait for the first. Each is tried, whatever became of the one before. */
export const UNDO_STEPS = ['unlock', 'rejoin', 'moveBack'] as const;
export type UndoStep = (typeof UNDO_STEPS)[number];

/** What each does, for people. */
export const MEANINGS: Readonly<Record<Step | UndoStep, string>> = {
  check: 'look at both servers and at capture',
  lock: 'set the old source read-only',
  drain: 'wait until capture has read its last transaction',
  catchUp: 'wait until the new source has its last transaction',
  move: 'let capture read the new source',
  verify: 'see a heartbeat of the new source in Kafka',
  release: 'stop the replication of the new source and let it take writes',
  forget: 'make the new source forget whom it replicated from',
  unlock: 'let the old source take writes again',
  rejoin: 'let the new source replicate from the old one again',
  moveBack: 'let capture read the old source again',
};

/** How a step has ended. `unknown`: whether it has done its work could not be seen. */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'unknown'; readonly why: string };

export type Switchover =
  | { readonly kind: 'doing'; readonly step: Step }
  | {
      readonly kind: 'undoing';
      readonly step: UndoStep;
      /** Behind it. */
      readonly rest: readonly UndoStep[];
      readonly why: string;
      /** What could not be taken back so far. */
      readonly troubles: readonly string[];
    }
  /** The new source is the source. */
  | { readonly kind: 'done' }
  /** Nothing was changed. */
  | { readonly kind: 'refused'; readonly why: string }
  /** All is as it was before. */
  | { readonly kind: 'undone'; readonly why: string }
  /** A person has to look. */
  | { readonly kind: 'stuck'; readonly why: string };

/** What takes a step and those before it back; empty: there is nothing to take back, or no way. */
const TAKEN_BACK_BY: Readonly<Record<Step, readonly UndoStep[]>> = {
  check: [],
  lock: ['unlock'],
  drain: ['unlock'],
  catchUp: ['unlock'],
  move: ['unlock', 'moveBack'],
  verify: ['unlock', 'moveBack'],
  release: UNDO_STEPS,
  forget: [],
};

/** What follows from how a step has ended; an end stays what it is. Pure, and total. */
export function next(now: Switchover, outcome: Outcome): Switchover {
  if (now.kind === 'doing') return afterStep(now.step, outcome);
  if (now.kind !== 'undoing') return now;
  const { step, rest, why } = now;
  const troubles = outcome.kind === 'done' ? now.troubles : [...now.troubles, `${step}: ${outcome.why}`];
  const following = undoing(rest, why, troubles);
  if (following !== null) return following;
  if (troubles.length === 0) return { kind: 'undone', why };
  return { kind: 'stuck', why: `${why}. Not taken back: ${troubles.join('; ')}` };
}

function afterStep(step: Step, outcome: Outcome): Switchover {
  if (outcome.kind === 'done') {
    const following = STEPS[STEPS.indexOf(step) + 1];
    return following === undefined ? { kind: 'done' } : { kind: 'doing', step: following };
  }
  const why = `${step}: ${outcome.why}`;
  // Two servers that take writes are worse than none.
  if (outcome.kind === 'unknown' && step === 'release') return { kind: 'stuck', why };
  return undoing(TAKEN_BACK_BY[step], why, []) ?? { kind: step === 'check' ? 'refused' : 'stuck', why };
}

/** Null when nothing is left. */
function undoing(steps: readonly UndoStep[], why: string, troubles: readonly string[]): Switchover | null {
  const [step, ...rest] = steps;
  return step === undefined ? null : { kind: 'undoing', step, rest, why, troubles };
}

/** What a command sees that begins, or continues after one that was interrupted. */
export interface Seen {
  /** Which of the two capture reads; `unknown`: it does not answer, or reads nothing. */
  readonly reads: 'old' | 'new' | 'unknown';
  readonly oldTakes: Writes;
  readonly newTakes: Writes;
  /** Whether the new source knows whom to replicate from, running or not. */
  readonly newIsReplica: boolean;
  /** Transactions of the new source that the old one never had, in the server's own form; '' for none. */
  readonly newHasOwn: string;
  /** Why the two are not those of a switchover under way; null when they may be. */
  readonly unfit: string | null;
}

const MOVED = 'capture reads the new source already';
const BOTH_WRITE =
  'both take writes: let one of them take no more by hand, and compare them with sluice orphans list';
const NOT_LOCKED =
  'the old one takes writes: no switchover is under way. To let capture read the old one again: --take-back';
const PARTLY_LOCKED =
  'super_read_only is OFF at the old one, which takes the writes of administrators: set it ON there, or take it back by --take-back';

/** Where to begin, by what the servers themselves say: no record of an earlier command is needed. Pure. */
export function beginAt({ reads, oldTakes, newTakes, newIsReplica, unfit }: Seen): Switchover {
  if (reads !== 'new') return { kind: 'doing', step: 'check' };
  const refuse = (why: string): Switchover => ({ kind: 'refused', why: `${MOVED}, and ${why}` });
  if (oldTakes === 'open') return refuse(newTakes === 'open' ? BOTH_WRITE : NOT_LOCKED);
  if (newTakes === 'open' && !newIsReplica) return { kind: 'done' };
  if (unfit !== null) return refuse(unfit);
  if (oldTakes === 'partly') return refuse(PARTLY_LOCKED);
  return { kind: 'doing', step: newTakes === 'open' ? 'forget' : 'verify' };
}

/** Where to begin to take an interrupted switchover back. Pure. */
export function takeBackAt({ reads, oldTakes, newTakes, newIsReplica, newHasOwn, unfit }: Seen): Switchover {
  const why = 'taken back by order';
  const refuse = (reason: string): Switchover => ({ kind: 'refused', why: reason });
  if (newTakes === 'open' && (reads !== 'old' || oldTakes !== 'open'))
    return refuse('the new source takes writes already: switch over to the old one instead');
  if (unfit !== null) return refuse(unfit);
  if (!newIsReplica)
    return refuse('the new source does not replicate from the old one: nothing can be taken back');
  if (reads === 'old' && oldTakes === 'open') return refuse('there is nothing to take back');
  if (newHasOwn !== '')
    return refuse(
      `the new source has taken transactions that the old one never had (${newHasOwn}): go on to the new one by running the command again without --take-back`,
    );
  return undoing(UNDO_STEPS, why, []) ?? { kind: 'undone', why };
}
