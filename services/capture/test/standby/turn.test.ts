import { describe, expect, test } from 'vitest';
import {
  attended,
  mayBegin,
  nearlySilent,
  needsElection,
  observe,
  UNSEEN,
  type Claim,
  type Turn,
  type TurnEvent,
  type Why,
} from '../../src/standby/turn.ts';

const TIMES = { silenceMs: 10_000, gapMs: 5000 };
const CLAIMS: readonly Claim[] = ['nobody', 'own', 'named', 'left', 'gone', 'led'];

const looked = (atMs: number, claim: Claim, sign = 's1'): TurnEvent => ({
  kind: 'looked',
  atMs,
  claim,
  sign,
});
const blind = (atMs: number): TurnEvent => ({ kind: 'blind', atMs });

/** The answer after each of these looks, one after the other. */
function answers(events: readonly TurnEvent[]): readonly (Why | null)[] {
  let turn: Turn = UNSEEN;
  return events.map((event) => {
    turn = observe(turn, event, TIMES);
    return mayBegin(turn, TIMES);
  });
}

const every = (fromMs: number, toMs: number, stepMs: number, sign?: string): TurnEvent[] =>
  Array.from({ length: (toMs - fromMs) / stepMs + 1 }, (_, at) => looked(fromMs + at * stepMs, 'led', sign));

const TURNS: readonly Turn[] = [
  UNSEEN,
  { kind: 'ours', why: 'left', sign: 's1' },
  { kind: 'theirs', sign: 's1', sinceMs: 0, lookedMs: 0 },
];

describe.each(TURNS)('from $kind', (turn) => {
  test.each(CLAIMS)('a look that says %s has one answer, whatever was before', (claim) => {
    const after = observe(turn, looked(1000, claim), TIMES);
    expect(mayBegin(after, TIMES)).toBe(claim === 'led' ? null : claim);
  });

  test('an outage of Kafka forgets everything', () => {
    expect(observe(turn, blind(1000), TIMES)).toBe(UNSEEN);
  });
});

test('nobody begins before a look', () => {
  expect(mayBegin(UNSEEN, TIMES)).toBeNull();
});

test('silence counts from the look that saw the newest sign first, to the millisecond', () => {
  const first = every(500, 10_250, 250);
  expect(answers(first).every((why) => why === null)).toBe(true);
  expect(answers([...first, looked(10_499, 'led')]).at(-1)).toBeNull();
  expect(answers([...first, looked(10_500, 'led')]).at(-1)).toBe('silent');
});

test('a new sign begins the silence anew, also at the last moment', () => {
  const signs = [...every(0, 9750, 250), looked(9999, 'led', 's2'), ...every(10_250, 19_750, 250, 's2')];
  expect(answers(signs).every((why) => why === null)).toBe(true);
  expect(answers([...signs, looked(19_999, 'led', 's2')]).at(-1)).toBe('silent');
});

test('what was not looked at is no silence: an outage of Kafka, or of this process', () => {
  const before = every(0, 9750, 250);
  expect(answers([...before, blind(10_000), looked(10_250, 'led')]).at(-1)).toBeNull();
  expect(answers([...before, looked(60_000, 'led')]).at(-1)).toBeNull();
  expect(answers([...before, looked(14_750, 'led')]).at(-1)).toBe('silent');
  expect(answers([...before, looked(14_751, 'led')]).at(-1)).toBeNull();
  const after = every(60_000, 69_750, 250);
  expect(answers([...before, ...after]).at(-1)).toBeNull();
  expect(answers([...before, ...after, looked(70_000, 'led')]).at(-1)).toBe('silent');
});

test('a check that took long is no gap: the leader has been as silent meanwhile', () => {
  const nearly = every(0, 6500, 250).reduce<Turn>((turn, event) => observe(turn, event, TIMES), UNSEEN);
  expect(nearlySilent(nearly, TIMES)).toBe(false);
  const silent = observe(nearly, looked(6750, 'led'), TIMES);
  expect(nearlySilent(silent, TIMES)).toBe(true);
  const checked = attended(silent, 14_000);
  expect(mayBegin(observe(checked, looked(14_050, 'led'), TIMES), TIMES)).toBe('silent');
  expect(mayBegin(observe(checked, looked(14_050, 'led', 's2'), TIMES), TIMES)).toBeNull();
  expect(mayBegin(observe(silent, looked(14_050, 'led'), TIMES), TIMES)).toBeNull();
  expect(attended(UNSEEN, 1)).toBe(UNSEEN);
  expect(nearlySilent(UNSEEN, TIMES)).toBe(false);
});

test('a goodbye that was overtaken by another leader is none', () => {
  expect(answers([looked(0, 'left'), looked(250, 'led', 's2')])).toEqual(['left', null]);
});

test('where several may come to the same answer at once, they elect', () => {
  const whys: readonly Why[] = ['nobody', 'own', 'named', 'left', 'gone', 'silent'];
  expect(whys.filter(needsElection)).toEqual(['left', 'silent']);
});
