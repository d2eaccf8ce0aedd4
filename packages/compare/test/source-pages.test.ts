import { expect, test } from 'vitest';
import { columnKind } from '../src/column-kinds.ts';
import type { ComparedTable } from '../src/compared-table.ts';
import { keyRange, keyShare } from '../src/running/source-pages.ts';
import { keyLiterals } from '../src/sink-table.ts';

const tableOf = (...types: readonly string[]): ComparedTable => ({
  database: 'shop',
  table: 'orders',
  columns: types.map((type, at) => ({ name: `k${at}`, kind: columnKind(type), generated: false })),
  key: types.map((_, at) => at),
});

test.each([
  ['int', '1', '9', '`k0` >= 1 AND `k0` <= 9'],
  ['int', '-5', '', '`k0` >= -5'],
  ['varchar', '', "o'x", "`k0` <= 'o\\'x'"],
  ['datetime', '2026-11-01', '', "`k0` >= '2026-11-01'"],
])('a range of %s from "%s" to "%s"', (type, from, to, sql) => {
  expect(keyRange(tableOf(type), from, to)).toBe(sql);
});

test('the ends of a range of numbers are numbers', () => {
  expect(() => keyRange(tableOf('bigint'), '1 OR 1', '')).toThrow('"1 OR 1" is no number');
});

test('a share of the keys', () => {
  expect(keyShare(tableOf('int', 'char'), 10, 17)).toBe("CRC32(CONCAT_WS(',', `k0`, `k1`)) % 10 = 7");
});

test.each([
  ['bigint', '"9223372036854775807"', '9223372036854775807'],
  ['decimal', '"1.50"', '1.50'],
  ['varchar', '"it\'s"', "'it\\'s'"],
  ['datetime', '"2026-11-21T09:05:34.233"', "'2026-11-21 09:05:34.233'"],
  ['timestamp', '"2026-11-21T09:05:34Z"', "'2026-11-21 09:05:34'"],
  ['binary', '"AP8A"', "X'00ff00'"],
  ['float', '1e-1', '0.10000000149011612'],
  ['enum', '"b"', "'b'"],
])('a key of %s that a store tells as %s is looked up by %s', (type, canonical, literal) => {
  expect(keyLiterals(tableOf(type), [canonical])).toEqual([literal]);
});

test.each([
  ['bigint', '"1 OR 1"'],
  ['int', '"0) UNION SELECT 1 -- "'],
  ['decimal', '"1.5.0"'],
  ['double', '"SLEEP(9)"'],
  ['float', '"x"'],
  ['bit', 'true'],
  ['year', '{"a":1}'],
  ['int', '""'],
])('what a store tells for a key of %s, %s, becomes no SQL', (type, canonical) => {
  expect(keyLiterals(tableOf(type), [canonical])).toBeNull();
});
