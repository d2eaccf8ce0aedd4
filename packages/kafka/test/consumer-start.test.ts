import { describe, expect, test } from 'vitest';
import { chooseStart } from '../src/index.ts';

const where = { topic: 'shop.shop.orders', partition: 3 };
const marks = { low: 100n, high: 200n };

const start = (offset: bigint, isLate = false) => ({ ...where, offset, isLate });

describe('where a partition is read from', () => {
  test.each([100n, 150n, 200n])('the stored offset %d is held by the broker', (stored) => {
    expect(chooseStart(where, stored, marks, false)).toEqual(start(stored));
  });

  test.each([99n, 201n])('the stored offset %d is not: records are lost', (stored) => {
    expect(() => chooseStart(where, stored, marks, false)).toThrow(
      expect.objectContaining({
        code: 'DATA_GAP',
        context: { topic: where.topic, partition: 3, wanted: String(stored), low: '100', high: '200' },
      }),
    );
  });

  test('a partition never read starts at its oldest record, late when others were deleted', () => {
    expect(chooseStart(where, null, { low: 0n, high: 5n }, false)).toEqual(start(0n));
    expect(chooseStart(where, null, marks, false)).toEqual(start(100n, true));
    expect(chooseStart(where, null, { low: 200n, high: 200n }, false)).toEqual(start(200n, true));
  });

  test('where only the newest record matters, a gap is none', () => {
    expect(chooseStart(where, 99n, marks, true)).toEqual(start(100n));
    expect(chooseStart(where, null, marks, true)).toEqual(start(100n));
  });
});
