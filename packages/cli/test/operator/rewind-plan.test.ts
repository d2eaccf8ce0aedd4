import type { GroupPosition } from '@sluice/kafka';
import { describe, expect, test } from 'vitest';
import { planRewind, recordsOf, type RewindTarget } from '../../src/operator/rewind-plan.ts';

const position = (rest: Partial<GroupPosition> = {}): GroupPosition => ({
  topic: 't',
  partition: 0,
  low: 10n,
  high: 100n,
  committed: 50n,
  atTime: null,
  ...rest,
});
const BEGINNING: RewindTarget = { kind: 'beginning' };
const offset = (at: bigint): RewindTarget => ({ kind: 'offset', offset: at });
const TIME: RewindTarget = { kind: 'time', atMs: 0 };

/** Where it goes, why not, or null. */
function plan(
  target: RewindTarget,
  rest: Partial<GroupPosition> = {},
  acceptGap = false,
): bigint | string | null {
  const { moves, refused } = planRewind([position(rest)], target, acceptGap);
  return moves[0]?.to ?? refused[0]?.reason ?? null;
}

describe('a rewind', () => {
  test('to the beginning goes to the oldest record, or stays there', () => {
    expect([plan(BEGINNING), plan(BEGINNING, { committed: 10n })]).toEqual([10n, null]);
  });

  test('to an offset goes back to it and never forward', () => {
    expect([plan(offset(20n)), plan(offset(50n)), plan(offset(10n))]).toEqual([20n, null, 10n]);
    expect(plan(offset(60n))).toBe('the group is at 50: moving to 60 would skip 10 records');
    expect(plan(offset(5n))).toBe('the broker has 10 to 100');
  });

  test('to a time goes to its first record, and stays where it is before it already', () => {
    expect([plan(TIME, { atTime: 30n }), plan(TIME, { atTime: 70n }), plan(TIME)]).toEqual([30n, null, null]);
  });

  test('of a partition that was never read goes to its first record at most', () => {
    const unread = { committed: null, low: 0n };
    expect([plan(BEGINNING, unread), plan(TIME, { ...unread, atTime: 30n })]).toEqual([0n, null]);
    expect(plan(BEGINNING, { committed: null })).toBe(10n);
  });

  test('says where it goes over records that are gone: the sink lacks them from then on', () => {
    const positions = [position(), position({ partition: 1, committed: 5n })];
    const { moves } = planRewind(positions, BEGINNING, true);
    expect(moves.map(({ overGap }) => overGap)).toEqual([false, true]);
  });

  test.each([
    ['lost records unread', { committed: 5n }],
    ['stands behind the end of a topic made anew', { committed: 500n }],
  ])('of a partition that %s is refused, unless that is accepted', (_, rest) => {
    expect(plan(BEGINNING, rest)).toMatch(/^records were deleted unread/);
    expect(plan(TIME, { ...rest, atTime: 30n }, true)).toBe(10n);
  });

  test('counts what will be read once more', () => {
    const { moves } = planRewind([position(), position({ partition: 1, committed: 5n })], BEGINNING, true);
    expect([moves.length, recordsOf(moves)]).toEqual([2, 40n]);
  });
});
