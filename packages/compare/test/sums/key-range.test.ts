import { expect, test } from 'vitest';
import { rangeSql } from '../../src/sums/key-range.ts';

test('a range begins behind one key and ends with another one', () => {
  const of = (after: readonly string[] | null, upTo: readonly string[] | null) =>
    rangeSql(['a', 'b'].slice(0, (after ?? upTo ?? []).length), { after, upTo });
  expect(of(null, null)).toBe('TRUE');
  expect(of(['1'], ['9'])).toBe('a > 1 AND a <= 9');
  expect(of(['1', '2'], null)).toBe('a >= 1 AND ((a > 1) OR (a = 1 AND b > 2))');
  expect(of(null, ['9', '8'])).toBe('a <= 9 AND ((a < 9) OR (a = 9 AND b <= 8))');
  expect(of(['1', '2'], ['9', '8'])).toBe(
    'a >= 1 AND ((a > 1) OR (a = 1 AND b > 2)) AND a <= 9 AND ((a < 9) OR (a = 9 AND b <= 8))',
  );
});

test('what both ends begin with is asked once, so that an index is read no further', () => {
  expect(rangeSql(['a', 'b'], { after: ['1', '2'], upTo: ['1', '8'] })).toBe('a = 1 AND b > 2 AND b <= 8');
  expect(rangeSql(['a', 'b'], { after: ['1', '2'], upTo: ['1', '2'] })).toBe('a = 1 AND b > 2 AND b <= 2');
});
