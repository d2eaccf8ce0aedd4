import { expect, test } from 'vitest';
import { missingOfMariadb, purgedOfMariadb } from '../../src/source/mariadb-position.ts';

test.each([
  ['0-1-100', '0-1-100', ''],
  ['0-1-100', '0-1-97', '0-1-98 to 0-1-100'],
  ['0-1-100', '0-1-99', '0-1-100'],
  // Written by the dead server only: its own later ones do not make up for those of the new one.
  ['0-2-103', '0-1-105', '0-2-103'],
  ['0-2-103', '0-1-100,0-2-104', ''],
  ['0-1-5,7-3-9', '0-1-5,7-3-8', '7-3-9'],
  ['', '0-1-5', ''],
  ['0-1-18446744073709551615', '0-1-18446744073709551614', '0-1-18446744073709551615'],
])('what of %s a server with %s lacks', (position, state, missing) => {
  expect(missingOfMariadb(position, state)).toBe(missing);
});

test('a MariaDB that was made of a backup has what it replicates from, and not what it would make up for', () => {
  expect(missingOfMariadb('0-1-100', '', '0-1-100')).toBe('');
  expect(missingOfMariadb('0-1-100', '0-2-7', '0-1-101')).toBe('0-1-100');
});

test.each([
  ['0-1-100', '0-1-50', false],
  ['0-1-100', '0-1-100', false],
  ['0-1-100', '0-1-101', true],
  // The last of a domain was the newest: here another server had written behind it.
  ['0-1-100', '0-1-100,0-2-101', true],
  ['0-2-101', '0-1-100,0-2-101', false],
  ['0-1-100', '0-1-90,7-1-3', true],
  ['0-1-100,7-1-3', '0-1-90,7-1-3', false],
  ['0-1-100', '', false],
])('whether a reader at %s needs what was purged with %s: %s', (position, before, purged) => {
  expect(purgedOfMariadb(position, before)).toBe(purged);
});
