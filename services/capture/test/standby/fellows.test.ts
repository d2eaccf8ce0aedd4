import { expect, test } from 'vitest';
import { Fellows, isLedByAnother, LEADER } from '../../src/standby/fellows.ts';
import type { InstanceRecord } from '../../src/standby/instance-record.ts';
import { recordOf, term } from './records.ts';

function heard(records: readonly (readonly [string, InstanceRecord | null])[], nowMs = 0): Fellows {
  const fellows = new Fellows();
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
