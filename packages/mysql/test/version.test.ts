import { expect, test } from 'vitest';
import { flavourOf, isAtLeast, parseVersion } from '../src/version.ts';

test.each([
  ['8.4.3', 'mysql', 8, 4, 3],
  ['8.0.39-0ubuntu0.22.04.1', 'mysql', 8, 0, 39],
  ['8.0.mysql_aurora.3.05.2', 'mysql', 8, 0, 0],
  ['10.11.11-MariaDB-0+deb12u1-log', 'mariadb', 10, 11, 11],
  ['5.5.5-10.4.34-MariaDB', 'mariadb', 10, 4, 34],
  ['11.8.2-MariaDB', 'mariadb', 11, 8, 2],
  ['', 'mysql', 0, 0, 0],
])('%s', (text, flavour, major, minor, patch) => {
  expect(parseVersion(text)).toEqual({ flavour, major, minor, patch, text });
  expect(flavourOf(text)).toBe(flavour);
});

test('comparison is by number, part after part', () => {
  const version = parseVersion('10.11.6-MariaDB');
  expect(isAtLeast(version, 10, 4)).toBe(true);
  expect(isAtLeast(version, 10, 11, 6)).toBe(true);
  expect(isAtLeast(version, 10, 11, 7)).toBe(false);
  expect(isAtLeast(version, 11)).toBe(false);
  expect(isAtLeast(version, 9, 99)).toBe(true);
});
