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

const seen = (text: string): Parameters<typeof beginAt>[0] => ({
  reads: text.includes('reads new') ? 'new' : 'old',
  oldIsReadOnly: text.includes('old locked'),
  newIsReadOnly: text.includes('new locked'),
  newIsReplica: text.includes('replica'),
});

test.each([
  ['reads old, new locked, replica', 'doing check', 'refused'],
  ['reads old, old locked, new locked, replica', 'doing check', 'undoing unlock'],
  ['reads new, old locked, new locked, replica', 'doing verify', 'undoing unlock'],
  ['reads new, new locked, replica', 'doing verify', 'undoing unlock'],
  ['reads new, old locked, replica', 'doing forget', 'refused'],
  ['reads new, old locked', 'done', 'refused'],
  ['reads new, old locked, new locked', 'doing verify', 'refused'],
  ['reads old, old locked, replica', 'doing check', 'refused'],
])('%s: goes on at %s; taken back: %s', (text, begin, back) => {
  expect([shortOf(beginAt(seen(text))), shortOf(takeBackAt(seen(text)))]).toEqual([begin, back]);
});
