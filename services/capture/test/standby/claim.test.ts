import { describe, expect, test } from 'vitest';
import { claimOf, signOf, type Asker, type Traces } from '../../src/standby/claim.ts';
import { mark, recordOf, term } from './records.ts';

const ASKER: Asker = {
  instance: 'me',
  wasFenced: false,
  looksFirst: false,
  isGone: () => false,
  isThere: () => true,
};
const leads = (change: Parameters<typeof recordOf>[1] = {}, offset = 5n): Traces['leader'] => ({
  record: recordOf('other', { term: term(1), ...change }),
  offset,
});
const written = (speaks: boolean, writer: ReturnType<typeof mark> | null = mark()): Traces['checkpoint'] => ({
  offset: 9n,
  writer,
  speaks,
});

describe('whose turn it is', () => {
  // The one of `process-mark.ts` takes a second process, which nobody may give it by accident.
  const first = { looksFirst: true, isGone: (...given: readonly unknown[]) => given.length === 1 };
  const cases: readonly [string, Traces, Partial<Asker>, string][] = [
    ['a pipeline that has never run', { leader: null, checkpoint: null }, {}, 'nobody'],
    ['another leads', { leader: leads(), checkpoint: written(true) }, {}, 'led'],
    ['this one led last', { leader: leads({ instance: 'me' }), checkpoint: written(true) }, {}, 'own'],
    [
      'this one led last and was fenced',
      { leader: leads({ instance: 'me' }), checkpoint: written(true) },
      { wasFenced: true },
      'led',
    ],
    [
      'goodbye to anybody',
      { leader: leads({ goodbye: { to: null } }), checkpoint: written(true) },
      {},
      'left',
    ],
    [
      'goodbye to this one',
      { leader: leads({ goodbye: { to: 'me' } }), checkpoint: written(true) },
      {},
      'named',
    ],
    [
      'goodbye to a third one',
      { leader: leads({ goodbye: { to: 'she' } }), checkpoint: written(true) },
      {},
      'led',
    ],
    [
      'goodbye to one that has ended',
      { leader: leads({ goodbye: { to: 'she' } }), checkpoint: written(true) },
      { isThere: () => false },
      'left',
    ],
    [
      'a third one is named, and the leader gone',
      { leader: leads({ goodbye: { to: 'she' } }), checkpoint: null },
      first,
      'led',
    ],
    ['its process is gone, at the first look', { leader: leads(), checkpoint: written(true) }, first, 'gone'],
    [
      'its process is gone, at a later look',
      { leader: leads(), checkpoint: written(true) },
      { isGone: () => true },
      'led',
    ],
    [
      'goodbye, and an older version has come since',
      { leader: leads({ goodbye: { to: null } }), checkpoint: written(false, mark('8')) },
      {},
      'led',
    ],
    [
      'goodbye, and the newest checkpoint is of its own older words',
      { leader: leads({ goodbye: { to: null } }), checkpoint: written(false) },
      {},
      'left',
    ],
    ['an older version leads', { leader: null, checkpoint: written(false) }, {}, 'led'],
    ['an older version has led and is gone', { leader: null, checkpoint: written(false) }, first, 'gone'],
    [
      'a checkpoint that does not say by whom',
      { leader: null, checkpoint: written(false, null) },
      first,
      'led',
    ],
    [
      'the leader is gone, the older version that came since is not',
      { leader: leads(), checkpoint: written(false, mark('8')) },
      { looksFirst: true, isGone: ({ pid }) => pid === '7' },
      'led',
    ],
  ];

  test.each(cases)('%s', (_, traces, asker, claim) => {
    expect(claimOf(traces, { ...ASKER, ...asker })).toBe(claim);
  });
});

describe('the sign of life', () => {
  const checkpoint = written(true);
  const sign = signOf({ leader: leads(), checkpoint });

  test('moves with each checkpoint, each word of a leader that gets on, and each other leader', () => {
    expect(signOf({ leader: leads(), checkpoint: { ...checkpoint!, offset: 10n } })).not.toBe(sign);
    expect(signOf({ leader: leads({}, 6n), checkpoint })).not.toBe(sign);
    expect(signOf({ leader: leads({ term: term(2) }), checkpoint })).not.toBe(sign);
    expect(signOf({ leader: null, checkpoint })).not.toBe(sign);
  });

  test('does not move with words of a leader that does not get on', () => {
    const stuck = signOf({ leader: leads({ isWell: false }), checkpoint });
    expect(signOf({ leader: leads({ isWell: false }, 6n), checkpoint })).toBe(stuck);
  });
});
