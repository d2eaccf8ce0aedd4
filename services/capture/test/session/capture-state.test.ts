import { CAPTURE_STATES, type CaptureStateName } from '@sluice/ops-api';
import { expect, test } from 'vitest';
import {
  isStreaming,
  moveOf,
  next,
  sessionOf,
  startingState,
  type CaptureEvent,
  type CaptureState,
} from '../../src/session/capture-state.ts';

interface Session {
  readonly journal: string;
}
type State = CaptureState<Session>;
type Event = CaptureEvent<Session>;

const ENDING = { wasSteady: false, isGenerationDurable: false };
const EVENTS: { readonly [Kind in Event['kind']]: Event } = {
  check: { kind: 'check' },
  fence: { kind: 'fence' },
  restore: { kind: 'restore' },
  standBy: { kind: 'standBy', leaderIsWell: true },
  open: { kind: 'open', session: { journal: 'new' } },
  stream: { kind: 'stream' },
  snapshot: { kind: 'snapshot' },
  stall: { kind: 'stall' },
  interrupt: { kind: 'interrupt', ...ENDING },
  fail: { kind: 'fail', ...ENDING },
  stop: { kind: 'stop' },
};
const KINDS = Object.keys(EVENTS) as Event['kind'][];
const ANY_END = { interrupt: 'waiting', fail: 'failed', stop: 'stopped' };
const YIELDS = { standBy: 'standby', ...ANY_END };
const IN_SESSION = { stream: 'streaming', snapshot: 'snapshot', stall: 'stuck', ...YIELDS };

function stateOf(name: CaptureStateName): State {
  const remembered = { hasStreamed: false, journal: null, acceptLostCheckpoint: true, failures: 2 };
  return isStreaming(name) ? { name, session: { journal: 'old' }, ...remembered } : { name, ...remembered };
}

test('each event leads from each state to the one state that it should, or cannot come there', () => {
  const moves = CAPTURE_STATES.map((name) => {
    const possible = KINDS.flatMap((kind) => {
      const to = moveOf(name, kind);
      return to === null ? [] : [[kind, to] as const];
    });
    return [name, Object.fromEntries(possible)] as const;
  });
  expect(Object.fromEntries(moves)).toEqual({
    starting: { check: 'checking', ...ANY_END },
    checking: { fence: 'fencing', ...YIELDS },
    standby: { check: 'standby', fence: 'fencing', ...YIELDS },
    fencing: { restore: 'restoring', ...YIELDS },
    restoring: { open: 'streaming', ...YIELDS },
    streaming: IN_SESSION,
    snapshot: IN_SESSION,
    stuck: IN_SESSION,
    waiting: { check: 'checking', ...ANY_END },
    failed: { check: 'checking', stop: 'stopped' },
    stopped: { stop: 'stopped' },
  });
});

const pairs = CAPTURE_STATES.flatMap((name) => KINDS.map((kind) => [name, kind] as const));

test.each(pairs)(
  '%s, %s: a session exactly while one streams, or an error for what cannot come',
  (name, kind) => {
    const before = stateOf(name);
    const to = moveOf(name, kind);
    if (to === null) {
      expect(() => next(before, EVENTS[kind])).toThrow(RangeError);
      return;
    }
    const after = next(before, EVENTS[kind]);
    expect(after.name).toBe(to);
    expect(sessionOf(after) !== null).toBe(isStreaming(to));
    expect(next(before, EVENTS[kind])).toEqual(after);
  },
);

test('the session goes with its end; its journal, and that there was one, stay', () => {
  const open = next(stateOf('restoring'), EVENTS.open);
  expect(open).toMatchObject({ session: { journal: 'new' }, hasStreamed: true, journal: 'new' });
  const waiting = next(next(open, EVENTS.stall), EVENTS.interrupt);
  expect(waiting).toEqual({
    name: 'waiting',
    hasStreamed: true,
    journal: 'new',
    acceptLostCheckpoint: true,
    failures: 3,
  });
});

test('one that stands by knows no journal: what another capture clears it does not hear of', () => {
  const open = next(stateOf('restoring'), EVENTS.open);
  expect(next(open, EVENTS.standBy)).toMatchObject({ name: 'standby', journal: null, hasStreamed: true });
});

test('failures count in a row, and an accepted loss until its generation is durable', () => {
  const start: State = startingState(true);
  expect(start).toMatchObject({ name: 'starting', failures: 0, hasStreamed: false });
  const end = (state: State, change: Partial<typeof ENDING>): State =>
    next(next(state, EVENTS.check), { kind: 'interrupt', ...ENDING, ...change });
  const once = end(start, {});
  const twice = end(once, {});
  expect([once.failures, twice.failures, twice.acceptLostCheckpoint]).toEqual([1, 2, true]);
  const steady = end(twice, { wasSteady: true, isGenerationDurable: true });
  expect([steady.failures, steady.acceptLostCheckpoint]).toEqual([1, false]);
});

test('a loss that was accepted is over once another capture is seen to get on; its failures are no more in a row', () => {
  const checking = stateOf('checking');
  const waits = next(checking, { kind: 'standBy', leaderIsWell: false });
  expect(waits).toMatchObject({ name: 'standby', acceptLostCheckpoint: true, failures: 0 });
  expect(next(waits, EVENTS.standBy)).toMatchObject({ name: 'standby', acceptLostCheckpoint: false });
});
