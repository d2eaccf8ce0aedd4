import { describe, expect, test } from 'vitest';
import type { Decision, DeadLetterDecision } from '../../src/dead-letters/decisions.ts';
import { DeadLetterIndex } from '../../src/dead-letters/dead-letter-index.ts';
import { letter } from './letters.ts';

function decided(offset: number, outcome: DeadLetterDecision['outcome'], failedAt = 1000): Decision {
  const value = { at: 2000, by: 'me', outcome, failedAt, replays: outcome === 'discarded' ? 0 : 1 };
  return { kind: 'letter', id: letter(offset).id, value };
}

const ids = (index: DeadLetterIndex): string[] => index.letters().map(({ offset }) => String(offset));

describe('open letters', () => {
  test('several copies of one record are one letter, the newest', () => {
    const index = new DeadLetterIndex();
    index.addDeadLetter(letter(1, 2000, { message: 'newest' }));
    index.addDeadLetter(letter(1, 1000));
    expect([index.depth, index.letters()[0]?.message]).toEqual([1, 'newest']);
  });

  test.each(['replayed', 'stale', 'discarded'] as const)(
    '%s resolves, whichever is read first',
    (outcome) => {
      const [before, after] = [new DeadLetterIndex(), new DeadLetterIndex()];
      before.apply(decided(1, outcome));
      before.addDeadLetter(letter(1));
      after.addDeadLetter(letter(1));
      after.apply(decided(1, outcome));
      expect([before.depth, after.depth]).toEqual([0, 0]);
    },
  );

  test('a failed replay and a release leave it open, and are counted', () => {
    const index = new DeadLetterIndex();
    index.addDeadLetter(letter(1));
    index.apply(decided(1, 'failed'));
    expect([index.depth, index.letters()[0]?.replays]).toEqual([1, 1]);
    index.apply(decided(1, 'released'));
    expect([index.depth, index.releases, index.isReleased(letter(1).id)]).toEqual([1, 1, true]);
  });

  test('a record that fails after it was resolved is open again', () => {
    const index = new DeadLetterIndex();
    index.addDeadLetter(letter(1, 1000));
    index.apply(decided(1, 'discarded', 1000));
    index.addDeadLetter(letter(1, 1000));
    expect(index.depth).toBe(0);
    index.addDeadLetter(letter(1, 1001));
    expect([index.depth, ids(index)]).toEqual([1, ['1']]);
  });

  test('resolved letters are held for lists that want them', () => {
    const index = new DeadLetterIndex(true);
    index.addDeadLetter(letter(1));
    index.addDeadLetter(letter(2));
    index.apply(decided(1, 'stale'));
    expect([index.depth, ids(index)]).toEqual([1, ['2', '1']]);
    expect(index.letters()[1]?.decision?.outcome).toBe('stale');
  });

  test('what is over the bound is counted all the same', () => {
    const index = new DeadLetterIndex();
    for (let offset = 0; offset < 50_010; offset++) index.addDeadLetter(letter(offset));
    expect([index.depth, index.letters().length]).toEqual([50_010, 50_000]);
    index.apply(decided(50_005, 'discarded'));
    index.apply(decided(0, 'discarded'));
    expect([index.depth, index.letters().length]).toEqual([50_008, 49_999]);
  });
});

test('decisions about letters that are gone are named, but not young ones, and no release', () => {
  const index = new DeadLetterIndex();
  index.addDeadLetter(letter(1));
  for (const offset of [1, 2]) index.apply(decided(offset, 'discarded'));
  index.apply(decided(3, 'released'));
  expect(index.forgotten(2000)).toEqual([]);
  expect(index.forgotten(2001)).toEqual([letter(2).id]);
});

test('a rewind is due until it is taken back; the newest halt holds', () => {
  const index = new DeadLetterIndex();
  const value = { at: 1, by: 'me', offset: '5', acceptGap: false };
  index.apply({ kind: 'rewind', topic: 't', partition: 2, value });
  expect(index.rewinds).toEqual([{ topic: 't', partition: 2, ...value }]);
  index.apply({ kind: 'rewind', topic: 't', partition: 2, value: null });
  expect([index.rewinds, index.halt]).toEqual([[], null]);
});
