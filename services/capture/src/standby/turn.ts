/** What a look at Kafka tells of whoever leads. */
export type Claim =
  /** No capture of the pipeline has left a trace. */
  | 'nobody'
  /** The newest trace is of this process, which nobody has fenced. */
  | 'own'
  /** The leader has said goodbye, to this process by name. */
  | 'named'
  /** The leader has said goodbye to whoever comes. */
  | 'left'
  /** The leader's process is provably at an end. */
  | 'gone'
  /** Another process leads, or has handed over to a third one. */
  | 'led';

/** @param atMs milliseconds of this process's own monotonic clock: no clock of another machine is ever compared */
export type TurnEvent =
  /** `sign` differs whenever the leader has shown that it lives. */
  | { readonly kind: 'looked'; readonly atMs: number; readonly claim: Claim; readonly sign: string }
  /** Kafka did not answer: whether the leader lives is not known. */
  | { readonly kind: 'blind'; readonly atMs: number };

export type Turn =
  | { readonly kind: 'blind' }
  | { readonly kind: 'ours'; readonly why: Exclude<Claim, 'led'>; readonly sign: string }
  | { readonly kind: 'theirs'; readonly sign: string; readonly sinceMs: number; readonly lookedMs: number };

export interface TurnTimes {
  /** Milliseconds of silence after which a leader has lost its turn: `capture.standby.takeoverMs` and a random part. */
  readonly silenceMs: number;
  /** Milliseconds between two looks past which nothing is known of the time between: this process was stopped itself. */
  readonly gapMs: number;
}

export const UNSEEN: Turn = { kind: 'blind' };

/**
 * Pure. Silence counts from the first look that saw the newest sign, and only while looks follow each other: an outage of Kafka, or of
 * this process, is no silence of the leader.
 */
export function observe(turn: Turn, event: TurnEvent, { gapMs }: Pick<TurnTimes, 'gapMs'>): Turn {
  if (event.kind === 'blind') return UNSEEN;
  const { claim, sign, atMs } = event;
  if (claim !== 'led') return { kind: 'ours', why: claim, sign };
  const isSilent = turn.kind === 'theirs' && turn.sign === sign && atMs - turn.lookedMs <= gapMs;
  return { kind: 'theirs', sign, sinceMs: isSilent ? turn.sinceMs : atMs, lookedMs: atMs };
}

/**
 * What this process did meanwhile, it did with Kafka: the time was not one in which nothing could be known. Silence continues counting from
 * where it began, once the next look has seen the same sign.
 */
export function attended(turn: Turn, atMs: number): Turn {
  return turn.kind === 'theirs' ? { ...turn, lookedMs: atMs } : turn;
}

/** Whether the leader has been silent for so long that a check is worth its time now. */
export function nearlySilent(turn: Turn, { silenceMs }: Pick<TurnTimes, 'silenceMs'>): boolean {
  return turn.kind === 'theirs' && turn.lookedMs - turn.sinceMs >= (silenceMs * 2) / 3;
}

export type Why = Exclude<Claim, 'led'> | 'silent';

/** Why this process may begin now; null while it has to stand by. */
export function mayBegin(turn: Turn, { silenceMs }: Pick<TurnTimes, 'silenceMs'>): Why | null {
  if (turn.kind === 'blind') return null;
  if (turn.kind === 'ours') return turn.why;
  return turn.lookedMs - turn.sinceMs >= silenceMs ? 'silent' : null;
}

/** Whether several processes may come to the same answer at once: then the order of their candidacies decides. */
export function needsElection(why: Why): boolean {
  return why === 'silent' || why === 'left';
}
