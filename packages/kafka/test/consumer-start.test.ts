import { describe, expect, test } from 'vitest';
import { chooseStart } from '../src/index.ts';

const where = { topic: 'shop.shop.orders', partition: 3 };
const marks = { low: 100n, high: 200n };

describe('where a partition is read from', () => {
  test.each([100n, 150n, 200n])('the stored offset %d is held by the broker', (stored) => {
    expect(chooseStart(where, stored, marks, false)).toBe(stored);
  });

  test.each([99n, 201n])('the stored offset %d is not: records are lost', (stored) => {
    expect(() => chooseStart(where, stored, marks, false)).toThrow(
      expect.objectContaining({
        code: 'DATA_GAP',
        context: { topic: where.topic, partition: 3, wanted: String(stored), low: '100', high: '200' },
      }),
    );
  });

  test('a partition never read starts at its first record, which must still be there', () => {
    expect(chooseStart(where, null, { low: 0n, high: 5n }, false)).toBe(0n);
    expect(() => chooseStart(where, null, marks, false)).toThrow('offset 0 is to be read next');
  });

  test('where only the newest record matters, a gap is none', () => {
    expect(chooseStart(where, 99n, marks, true)).toBe(100n);
    expect(chooseStart(where, null, marks, true)).toBe(100n);
  });
});
