import { describe, expect, test } from 'vitest';
import type { OrphanRow, OrphanTable, RowValues } from '../../src/orphans/orphan.ts';
import { hasOtherKey, leftOf, RowSlots, standingOf, type SlotChange } from '../../src/orphans/row-slots.ts';

const table: OrphanTable = { database: 'shop', table: 'item', columns: [], key: [0] };
const absent = null;
const [a, b, c] = ['a', 'b', 'c'].map((name): RowValues => ['1', JSON.stringify(name)]) as [
  RowValues,
  RowValues,
  RowValues,
];
const elsewhere: RowValues = ['2', '"b"'];

function changes(...images: readonly (readonly [RowValues | null, RowValues | null])[]): SlotChange[] {
  const slots = new RowSlots();
  return images.map(([before, after], index) => {
    const row: OrphanRow = { table, place: { file: 'f.1', position: index }, before, after };
    return slots.add(row, `0-1-${index}`);
  });
}

/** How each change stands when the new master has this. */
function standings(all: readonly SlotChange[], present: RowValues | null): string[] {
  return all.flatMap(({ steps }) => steps.map(({ slot, index }) => standingOf(slot, index, present)));
}

describe('the changes of one row', () => {
  const all = changes([absent, a], [a, b], [b, c]);

  test.each([
    ['what the first found', absent, ['ready', 'conflict', 'conflict']],
    ['what the first left', a, ['done', 'ready', 'conflict']],
    ['what the second left', b, ['done', 'done', 'ready']],
    ['what the last left', c, ['done', 'done', 'done']],
    ['something else', ['1', '"x"'], ['conflict', 'conflict', 'conflict']],
  ] as const)('%s', (_name, present, expected) => {
    expect(standings(all, present)).toEqual(expected);
  });

  test('a row that came and went is done where there is none', () => {
    expect(standings(changes([absent, a], [a, absent]), absent)).toEqual(['done', 'done']);
  });

  test('a row that was changed and changed back is done', () => {
    expect(standings(changes([a, b], [b, a]), a)).toEqual(['done', 'done']);
  });
});

test('a change of the key is one of two slots, which later changes go on with', () => {
  const all = changes([a, elsewhere], [elsewhere, absent], [absent, b]);
  const outline = all.map(({ steps }) => steps.map(({ slot, index }) => `${slot.key} ${index}`));
  expect(outline).toEqual([['["1"] 1', '["2"] 1'], ['["2"] 2'], ['["1"] 2']]);
  const [slots] = all.map(({ steps }) => steps.map(({ slot }) => slot.states));
  expect(slots).toEqual([
    [a, absent, b],
    [absent, elsewhere, absent],
  ]);
  expect(all[0]?.steps[0]?.slot.gtids).toEqual(['0-1-0', '0-1-2']);
});

describe('what is left of a change of the key', () => {
  const moved = changes([a, elsewhere])[0] as SlotChange;
  const passing = changes([absent, a], [a, elsewhere])[1] as SlotChange;
  const { row } = moved;

  test.each([
    ['all of it', moved, [a, absent], row],
    [
      'where the old key was only passed, the row at the new one',
      passing,
      [absent, absent],
      { table, before: absent, after: elsewhere },
    ],
    ['none where the new master has deleted the row', moved, [absent, absent], null],
    ['none where the new master has made the row at the new key', moved, [a, elsewhere], null],
  ] as const)('%s', (_name, change, present, expected) => {
    expect(leftOf(change, present)).toEqual(expected);
  });
});

test('a key that the server takes for another one', () => {
  const [change] = changes([
    ['1', '"b"'],
    ['"1"', '"b"'],
  ]);
  expect(change?.steps.map(({ slot }) => hasOtherKey(slot, a))).toEqual([false, true]);
  expect(change?.steps.map(({ slot }) => hasOtherKey(slot, absent))).toEqual([false, false]);
});
