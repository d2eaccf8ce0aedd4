import { expect, test } from 'vitest';
import { commonCharset } from '../src/charset-widening.ts';

test.each([
  ['latin1', 'latin1', 'latin1'],
  ['latin1', 'utf8mb4', 'utf8mb4'],
  ['utf8mb3', 'utf8mb4', 'utf8mb4'],
  ['utf8mb4', 'latin1', 'utf8mb4'],
  ['utf8', 'utf8mb3', 'utf8'],
  ['latin1', 'utf8mb3', 'utf8mb3'],
  ['ascii', 'latin1', 'latin1'],
  ['ascii', 'swe7', 'utf8mb4'],
  ['latin1', 'koi8r', 'utf8mb4'],
  ['utf8mb3', 'gb18030', 'utf8mb4'],
])('a column of %s that is to take text of %s is one of %s', (present, wanted, expected) => {
  expect(commonCharset(present, wanted)).toBe(expected);
});
