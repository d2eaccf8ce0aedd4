import { expect, test } from 'vitest';
import { Fellows, isLedByAnother, LEADER } from '../../src/standby/fellows.ts';
import type { InstanceRecord } from '../../src/standby/instance-record.ts';
import { recordOf, term } from './records.ts';

const PATIENCE_MS = 7500;

function heard(records: readonly (readonly [string, InstanceRecord | null])[], nowMs = 0): Fellows {
  const fellows = new Fellows(PATIENCE_MS);
  for (const [index, [key, record]] of records.entries())
    fellows.note(key, record, { offset: BigInt(index), nowMs, isHeard: true });
  return fellows;
}

const names = (fellows: Fellows, nowMs = 0): string[] =>
  fellows.standbys(nowMs, 10_000).map(({ record }) => record.instance);

test('the newest fence leads, whatever an older one says later', () => {
  const fellows = heard([
    [LEADER, recordOf('a', { term: term(1) })],
    [LEADER, recordOf('b', { term: term(2) })],
    [LEADER, recordOf('a', { term: term(1) })],
  ]);
  expect(fellows.leader?.record.instance).toBe('b');
  // Producer ids have 64 bits, and no epochs are compared across them.
  fellows.note(LEADER, recordOf('c', { term: term(0, '9007199254740993') }), {
    offset: 9n,
    nowMs: 0,
    isHeard: true,
  });
  fellows.note(LEADER, recordOf('d', { term: term(7, '9007199254740992') }), {
    offset: 10n,
    nowMs: 0,
    isHeard: true,
  });
  expect(fellows.leader?.record.instance).toBe('c');
});

test('standbys are those that were heard lately, have not ended and do not lead', () => {
  const fellows = heard([
    ['b', recordOf('b')],
    ['a', recordOf('a')],
    ['c', recordOf('c')],
    ['d', recordOf('d')],
    ['c', null],
    [LEADER, recordOf('d', { term: term(1) })],
  ]);
  expect(names(fellows)).toEqual(['a', 'b']);
  expect(names(fellows, 10_000)).toEqual(['a', 'b']);
  expect(names(fellows, 10_001)).toEqual([]);
  fellows.note('old', recordOf('old'), { offset: 9n, nowMs: 0, isHeard: false });
  expect(names(fellows)).not.toContain('old');
});

test('of two candidates for the same place the first is elected, however often each says it again', () => {
  const wants = (name: string, sign: string | null) =>
    [name, recordOf(name, { candidateFor: sign })] as const;
  const both = [wants('b', 's1'), wants('a', 's1'), wants('b', 's1'), wants('a', 's1')];
  expect(heard(both).elected('s1', 0, 10_000)).toBe('b');
  expect(heard(both).elected('s2', 0, 10_000)).toBeNull();
  expect(heard([...both, wants('b', null)]).elected('s1', 0, 10_000)).toBe('a');
  expect(heard([...both, ['b', null]]).elected('s1', 0, 10_000)).toBe('a');
  // One that has died as a candidate keeps nobody out for longer than a leader would.
  const fellows = heard([wants('b', 's1')]);
  fellows.note('a', recordOf('a', { candidateFor: 's1' }), { offset: 9n, nowMs: 10_001, isHeard: true });
  expect(fellows.elected('s1', 10_000, 10_000)).toBe('b');
  expect(fellows.elected('s1', 10_001, 10_000)).toBe('a');
});

test('another one leads that was heard since the first look, and while this one does not', () => {
  const { leader } = heard([[LEADER, recordOf('a', { term: term(1) })]]);
  expect(isLedByAnother({ name: 'b', leads: false }, leader)).toBe(true);
  expect(isLedByAnother({ name: 'b', leads: true }, leader)).toBe(false);
  expect(isLedByAnother({ name: 'a', leads: false }, leader)).toBe(false);
  expect(isLedByAnother({ name: 'b', leads: false }, null)).toBe(false);
  const old = leader === null ? null : { ...leader, isHeard: false };
  expect(isLedByAnother({ name: 'b', leads: false }, old)).toBe(false);
});

const GONE = recordOf('a', { term: term(8, '1500'), goodbye: { to: null } });
const NEXT = recordOf('b', { term: term(0, '37') });

test('a producer id that falls is that of the next leader: brokers give them out of blocks of their own', () => {
  const fellows = new Fellows(PATIENCE_MS);
  fellows.note(LEADER, GONE, { offset: 0n, nowMs: 0, isHeard: false });
  fellows.note(LEADER, NEXT, { offset: 1n, nowMs: 300, isHeard: true });
  expect(fellows.leader?.record.instance).toBe('b');
  // Of one that was killed no goodbye has come.
  const killed = heard([[LEADER, recordOf('a', { term: term(8, '1500') })]]);
  const says = (nowMs: number): string | undefined => {
    killed.note(LEADER, NEXT, { offset: 1n, nowMs, isHeard: true });
    return killed.leader?.record.instance;
  };
  expect([says(PATIENCE_MS), says(PATIENCE_MS + 1)]).toEqual(['a', 'b']);
});

test('what one says late that was fenced counts as little as before, whichever of the two ids is the greater', () => {
  const fellows = heard([
    [LEADER, GONE],
    [LEADER, NEXT],
    [LEADER, { ...GONE, goodbye: null }],
  ]);
  expect(fellows.leader?.record.instance).toBe('b');
  fellows.note(LEADER, GONE, { offset: 9n, nowMs: PATIENCE_MS, isHeard: true });
  expect(fellows.leader?.record.instance).toBe('b');
});

test('who has fenced the others leads, until a word of this session tells of a later fence', () => {
  const own = term(0, '37');
  const fellows = heard([[LEADER, recordOf('a', { term: term(8, '1500') })]]);
  fellows.lead(own, 10);
  expect(fellows.isOver(own)).toBe(false);
  fellows.note(LEADER, recordOf('a', { term: term(8, '1500') }), { offset: 1n, nowMs: 20, isHeard: true });
  expect(fellows.isOver(own)).toBe(false);
  fellows.note(LEADER, recordOf('own', { term: own }), { offset: 2n, nowMs: 30, isHeard: true });
  expect([fellows.isOver(own), fellows.leader?.record.instance]).toEqual([false, 'own']);
  fellows.note(LEADER, recordOf('c', { term: term(1, '37') }), { offset: 3n, nowMs: 40, isHeard: true });
  expect([fellows.isOver(own), fellows.leader?.record.instance]).toEqual([true, 'c']);
});
