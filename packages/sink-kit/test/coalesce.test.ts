import fc from 'fast-check';
import { expect, test } from 'vitest';
import { coalesce } from '../src/coalesce.ts';
import { itemRow, sequenceAt } from '../src/testing/index.ts';
import { topic } from './fixtures.ts';

const row = (id: number, step: number, version = 1) =>
  topic.row({ operation: 'UPDATE', sequence: sequenceAt(step), row: itemRow(id, version) });

test('without repeated keys nothing changes', () => {
  const rows = [row(1, 1), row(2, 2)];
  expect(coalesce(rows)).toEqual({ winners: rows, superseded: new Map() });
});

test('the highest sequence wins, wherever it stands; of equal ones the first', () => {
  const [a1, a3, a2, b1, b1again] = [row(1, 1), row(1, 3), row(1, 2), row(2, 1, 1), row(2, 1, 2)];
  const { winners, superseded } = coalesce([a1, a3, a2, b1, b1again]);
  expect(winners).toEqual([a3, b1]);
  expect(superseded).toEqual(
    new Map([
      ['{"id":1}', [a1, a2]],
      ['{"id":2}', [b1again]],
    ]),
  );
});

test('every delivery is a winner or superseded, winners rise by offset and have no key twice', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ id: fc.nat(5), step: fc.nat(20) })), (changes) => {
      const rows = changes.map(({ id, step }) => row(id, step));
      const { winners, superseded } = coalesce(rows);
      const all = [...winners, ...[...superseded.values()].flat()];
      expect(new Set(all)).toEqual(new Set(rows));
      expect(all).toHaveLength(rows.length);
      expect(new Set(winners.map(({ key }) => key)).size).toBe(winners.length);
      expect(winners).toEqual(winners.toSorted((x, y) => Number(x.offset - y.offset)));
    }),
  );
});
