import { expect, test } from 'vitest';
import {
  beginAt,
  next,
  STEPS,
  takeBackAt,
  UNDO_STEPS,
  type Outcome,
  type Switchover,
} from '../../src/switchover/steps.ts';

const DONE: Outcome = { kind: 'done' };
const FAILED: Outcome = { kind: 'failed', why: 'no answer' };
const UNKNOWN: Outcome = { kind: 'unknown', why: 'no answer' };
const doing = (step: (typeof STEPS)[number]): Switchover => ({ kind: 'doing', step });
const shortOf = (state: Switchover): string => ('step' in state ? `${state.kind} ${state.step}` : state.kind);

/** All states on the way, with the outcome of the step that is named, and success of every other. */
function path(begin: Switchover, failing: string | null, outcome = FAILED): string[] {
  const states: string[] = [];
  let state = begin;
  while ('step' in state) {
    states.push(state.step);
    state = next(state, state.step === failing ? outcome : DONE);
  }
  return [...states, state.kind];
}

test('every step in order ends in a switchover', () => {
  expect(path(doing('check'), null)).toEqual([...STEPS, 'done']);
});

test.each([
  ['check', ['refused']],
  ['lock', ['unlock', 'undone']],
  ['drain', ['unlock', 'undone']],
  ['catchUp', ['unlock', 'undone']],
  ['move', ['unlock', 'moveBack', 'undone']],
  ['verify', ['unlock', 'moveBack', 'undone']],
  ['release', ['unlock', 'rejoin', 'moveBack', 'undone']],
  ['forget', ['stuck']],
] as const)('%s fails', (step, after) => {
  const before = STEPS.slice(0, STEPS.indexOf(step) + 1);
  expect(path(doing('check'), step)).toEqual([...before, ...after]);
  const unknown = step === 'release' ? ['stuck'] : after;
  expect(path(doing('check'), step, UNKNOWN)).toEqual([...before, ...unknown]);
});

test.each(UNDO_STEPS)('%s fails: what is left is taken back all the same, and told', (step) => {
  const [first, ...rest] = UNDO_STEPS;
  const begin: Switchover = { kind: 'undoing', step: first, rest, why: 'verify: lost', troubles: [] };
  expect(path(begin, step)).toEqual([...UNDO_STEPS, 'stuck']);
  let state: Switchover = begin;
  while (state.kind === 'undoing') state = next(state, state.step === step ? FAILED : DONE);
  expect(state).toEqual({ kind: 'stuck', why: `verify: lost. Not taken back: ${step}: no answer` });
});

test('an end stays what it is, whatever comes', () => {
  const ends: Switchover[] = [
    { kind: 'done' },
    { kind: 'refused', why: '' },
    { kind: 'undone', why: '' },
    { kind: 'stuck', why: '' },
  ];
  for (const end of ends) for (const outcome of [DONE, FAILED, UNKNOWN]) expect(next(end, outcome)).toBe(end);
});

const takes = (text: string, server: string): Parameters<typeof beginAt>[0]['oldTakes'] =>
  text.includes(`${server} locked`) ? 'locked' : text.includes(`${server} partly`) ? 'partly' : 'open';
const seen = (text: string): Parameters<typeof beginAt>[0] => ({
  reads: text.includes('reads new') ? 'new' : text.includes('reads old') ? 'old' : 'unknown',
  oldTakes: takes(text, 'old'),
  newTakes: takes(text, 'new'),
  newIsReplica: text.includes('replica'),
  newHasOwn: text.includes('has own') ? '8-9' : '',
  unfit: text.includes('unfit') ? 'the new source replicates from another server' : null,
});

test.each([
  ['reads old, new locked, replica', 'doing check', 'refused'],
  ['reads old, old locked, new locked, replica', 'doing check', 'undoing unlock'],
  ['reads old, old partly, new locked, replica', 'doing check', 'undoing unlock'],
  ['reads old, old locked, replica', 'doing check', 'refused'],
  ['reads old, old locked, new locked, replica, unfit', 'doing check', 'refused'],
  ['reads new, old locked, new locked, replica', 'doing verify', 'undoing unlock'],
  ['reads new, old locked, new partly, replica', 'doing verify', 'undoing unlock'],
  ['reads new, old locked, replica', 'doing forget', 'refused'],
  ['reads new, old locked', 'done', 'refused'],
  ['reads new, old partly', 'done', 'refused'],
  ['reads new, old locked, new locked', 'doing verify', 'refused'],
  // Capture has moved there by itself, or could not be moved back: the old source takes writes.
  ['reads new, new locked, replica', 'refused', 'undoing unlock'],
  ['reads new, old partly, new locked, replica', 'refused', 'undoing unlock'],
  ['reads new, old partly, replica', 'refused', 'refused'],
  ['reads new, replica', 'refused', 'refused'],
  ['reads new', 'refused', 'refused'],
  // It has taken writes, and takes none now.
  ['reads new, old locked, new locked, replica, has own', 'doing verify', 'refused'],
  ['reads old, old locked, new locked, replica, has own', 'doing check', 'refused'],
  // Capture does not answer: applications do not wait for that.
  ['old locked, new locked, replica', 'doing check', 'undoing unlock'],
  ['old locked, replica', 'doing check', 'refused'],
  ['replica', 'doing check', 'refused'],
  // Not the two servers of one switchover.
  ['reads new, old locked, new locked, replica, unfit', 'refused', 'refused'],
  ['reads new, old locked, replica, unfit', 'refused', 'refused'],
])('%s: goes on at %s; taken back: %s', (text, begin, back) => {
  expect([shortOf(beginAt(seen(text))), shortOf(takeBackAt(seen(text)))]).toEqual([begin, back]);
});

test('whoever is refused is told what was seen, and what to do', () => {
  const why = (text: string): string =>
    'why' in beginAt(seen(text)) ? JSON.stringify(beginAt(seen(text))) : '';
  expect(why('reads new, new locked, replica')).toContain('--take-back');
  expect(why('reads new')).toContain('both take writes');
  expect(why('reads new, old partly, new locked, replica')).toContain('super_read_only');
  expect(why('reads new, old locked, replica, unfit')).toContain('replicates from another server');
});
