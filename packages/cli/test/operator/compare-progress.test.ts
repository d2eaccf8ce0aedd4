import { expect, test } from 'vitest';
import { progressText } from '../../src/operator/compare-progress.ts';

test.each([
  [{ table: 'shop.orders', rows: 500, before: 0, ofAbout: 2000 }, 0.2, 'shop.orders: 500 of about 2000 rows'],
  [
    { table: 'shop.orders', rows: 5000, before: 0, ofAbout: 65_000 },
    10,
    'shop.orders: 5000 of about 65000 rows, 500 rows/s, 2m left',
  ],
  [{ table: 'shop.orders', rows: 5000, before: 0, ofAbout: null }, 10, 'shop.orders: 5000 rows, 500 rows/s'],
  [
    { table: 'shop.orders', rows: 45_000, before: 40_000, ofAbout: 65_000 },
    10,
    'shop.orders: 45000 of about 65000 rows, 500 rows/s, 40s left',
  ],
  [
    { table: 'shop.\u001B]0;owned\u0007\n', rows: 5, before: 0, ofAbout: null },
    0.2,
    String.raw`shop.\u{1b}]0;owned\u{7}\u{a}: 5 rows`,
  ],
])('progress of a table', (progress, seconds, text) => {
  expect(progressText(progress, seconds)).toBe(text);
});
