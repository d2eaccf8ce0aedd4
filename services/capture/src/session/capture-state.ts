import type { CaptureStateName } from '@sluice/ops-api';

/** What a later state needs of earlier ones. */
export interface Remembered<Journal> {
  /** Whether this process has streamed before. */
  readonly hasStreamed: boolean;
  /** Of the present session, or the last one. */
  readonly journal: Journal | null;
  /** Whether the next session begins again whatever the checkpoint says: the operator's word counts for one generation. */
  readonly acceptLostCheckpoint: boolean;
  /** Sessions and starts in a row that ended without having got on with the stream. */
  readonly failures: number;
}

/** States in which the binlog is read and published. */
const STREAMING = ['streaming', 'snapshot', 'stuck'] as const;
type StreamingName = (typeof STREAMING)[number];

/** Where capture is, and all that it knows because it is there. */
export type CaptureState<Session extends WithJournal> = Remembered<Session['journal']> &
  (
    | { readonly name: Exclude<CaptureStateName, StreamingName> }
    | { readonly name: StreamingName; readonly session: Session }
  );

interface WithJournal {
  readonly journal: unknown;
}

/** How a session, or a start that came to none, has ended. */
export interface Ending {
  /** Whether it had got on with the stream, or lasted: then it is no failure in a row. */
  readonly wasSteady: boolean;
  /** Whether the generation of the session is in the checkpoint topic. */
  readonly isGenerationDurable: boolean;
}

export type CaptureEvent<Session> =
  /** A start begins: `check` asks source and Kafka, `fence` keeps other captures out, `restore` reads where to go on. */
  | { readonly kind: 'check' | 'fence' | 'restore' }
  /**
   * Another capture of the pipeline is at work: the start waits for its turn, or it was fenced.
   * `leaderIsWell`: it is seen to get on, so a loss that was accepted is over.
   */
  | { readonly kind: 'standBy'; readonly leaderIsWell: boolean }
  /** The start has come to a session. */
  | { readonly kind: 'open'; readonly session: Session }
  /** What a session is seen to do: it only streams, it reads tables as well, or nothing moves. */
  | { readonly kind: 'stream' | 'snapshot' | 'stall' }
  /** An error that may go away by itself. */
  | ({ readonly kind: 'interrupt' } & Ending)
  /** An error that a person has to end. */
  | ({ readonly kind: 'fail' } & Ending)
  /** The order to stop. */
  | { readonly kind: 'stop' };

export type CaptureEventKind = CaptureEvent<unknown>['kind'];
type Moves = Readonly<Partial<Record<CaptureEventKind, CaptureStateName>>>;

const ENDS: Moves = { interrupt: 'waiting', fail: 'failed', stop: 'stopped' };
const YIELDS: Moves = { standBy: 'standby', ...ENDS };
const SESSION: Moves = { stream: 'streaming', snapshot: 'snapshot', stall: 'stuck', ...YIELDS };

/** Every move there is: what is not here cannot happen. */
const MOVES: Readonly<Record<CaptureStateName, Moves>> = {
  starting: { check: 'checking', ...ENDS },
  checking: { fence: 'fencing', ...YIELDS },
  // It checks again beside its waiting.
  standby: { check: 'standby', fence: 'fencing', ...YIELDS },
  fencing: { restore: 'restoring', ...YIELDS },
  restoring: { open: 'streaming', ...YIELDS },
  streaming: SESSION,
  snapshot: SESSION,
  stuck: SESSION,
  waiting: { check: 'checking', ...ENDS },
  failed: { check: 'checking', stop: 'stopped' },
  stopped: { stop: 'stopped' },
};

/** The state that the event leads to; null when it cannot come in that state. Pure, as `next` is. */
export function moveOf(name: CaptureStateName, event: CaptureEventKind): CaptureStateName | null {
  return MOVES[name][event] ?? null;
}

export function startingState<Session extends WithJournal>(
  acceptLostCheckpoint: boolean,
): CaptureState<Session> {
  return { name: 'starting', hasStreamed: false, journal: null, acceptLostCheckpoint, failures: 0 };
}

/** Throws RangeError for an event that cannot come in this state. */
export function next<Session extends WithJournal>(
  state: CaptureState<Session>,
  event: CaptureEvent<Session>,
): CaptureState<Session> {
  const name = moveOf(state.name, event.kind);
  if (name === null) throw new RangeError(`capture cannot ${event.kind} while it is ${state.name}`);
  const remembered = remember(state, event);
  if (!isStreaming(name)) return { name, ...remembered };
  const session = event.kind === 'open' ? event.session : sessionOf(state);
  if (session === null) throw new RangeError(`capture has no session while it is ${state.name}`);
  return { name, session, ...remembered };
}

/** Null while nothing is read from the source. */
export function sessionOf<Session extends WithJournal>(state: CaptureState<Session>): Session | null {
  return 'session' in state ? state.session : null;
}

function remember<Session extends WithJournal>(
  { hasStreamed, journal, acceptLostCheckpoint, failures }: CaptureState<Session>,
  event: CaptureEvent<Session>,
): Remembered<Session['journal']> {
  const before = { hasStreamed, journal, acceptLostCheckpoint, failures };
  if (event.kind === 'open') return { ...before, hasStreamed: true, journal: event.session.journal };
  if (event.kind === 'standBy') {
    const isAccepted = acceptLostCheckpoint && !event.leaderIsWell;
    return { ...before, journal: null, acceptLostCheckpoint: isAccepted, failures: 0 };
  }
  if (event.kind !== 'interrupt' && event.kind !== 'fail') return before;
  return {
    ...before,
    acceptLostCheckpoint: acceptLostCheckpoint && !event.isGenerationDurable,
    failures: event.wasSteady ? 1 : failures + 1,
  };
}

/** Whether the binlog is read and published in this state. */
export function isStreaming(name: CaptureStateName): name is StreamingName {
  return STREAMING.some((each) => each === name);
}
