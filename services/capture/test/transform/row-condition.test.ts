import type { SchemaColumn } from '@sluice/envelope';
import { describe, expect, test } from 'vitest';
import { compileCondition } from '../../src/transform/row-condition.ts';
import type { ValueImage } from '../../src/model/publication.ts';

const TYPES: Readonly<Record<string, [type: string, charset?: string]>> = {
  n: ['int'],
  big: ['bigint unsigned'],
  price: ['decimal(20,4)'],
  ratio: ['double'],
  name: ['varchar(40)', 'utf8mb4'],
  kind: ["enum('a','b')", 'utf8mb4'],
  day: ['date'],
  at: ['datetime(3)'],
  seen: ['timestamp'],
  span: ['time(6)'],
  who: ['uuid'],
  raw: ['blob'],
  doc: ['json'],
  'odd `name': ['int'],
};
const COLUMNS = Object.entries(TYPES).map(([name, [type, charset = null]]): SchemaColumn => ({
  name,
  type,
  nullable: true,
  charset,
}));

/** Columns that are not named are NULL. */
function holds(condition: string, values: Readonly<Record<string, string>>): boolean {
  const texts = COLUMNS.map(({ name }) => values[name] ?? 'null');
  const image: ValueImage = {
    isNull: (place) => texts[place] === 'null',
    write(place, out) {
      const bytes = Buffer.from(texts[place] ?? '');
      out.reserve(bytes.length);
      out.position += bytes.copy(out.bytes, out.position);
    },
  };
  return compileCondition(condition, COLUMNS).holds(image);
}

describe('values compare exactly', () => {
  test.each<[string, string, string, boolean]>([
    ['n', '7', 'n = 7', true],
    ['n', '-7', 'n < -6', true],
    ['n', '-10', 'n < -9', true],
    ['n', '0', 'n = -0', true],
    ['n', '1', 'n = TRUE', true],
    ['n', '10', 'n > 9', true],
    ['n', '10', 'n >= 10.0', true],
    ['n', '10', 'n < 10.5', true],
    // Beyond what a double tells apart.
    ['big', '"18446744073709551615"', 'big > 18446744073709551614', true],
    ['big', '"9007199254740993"', 'big = 9007199254740992', false],
    ['price', '"12.5000"', 'price = 12.5', true],
    ['price', '"1234567890123456.0001"', 'price > 1234567890123456', true],
    ['price', '"-0.0100"', 'price <= -0.01', true],
    ['ratio', '0.1', 'ratio = 0.1', true],
    ['ratio', '1e21', 'ratio > 1000', true],
    ['name', '"Zoë\\n\\""', "name = 'Zoë\n\"'", true],
    ['name', '"a"', "name = 'A'", false],
    ['name', '"a "', "name = 'a'", false],
    ['name', '"it\'s"', "name = 'it''s'", true],
    ['name', '"b"', "name > 'a'", true],
    ['kind', '"a"', "kind IN ('b', 'a')", true],
    ['day', '"2026-11-21"', "day >= '2026-11-21'", true],
    ['at', '"2026-11-21T09:05:34.100"', "at = '2026-11-21 09:05:34.1'", true],
    ['at', '"2026-11-21T09:05:34.100"', "at > '2026-11-21'", true],
    ['seen', '"2026-11-21T09:05:34Z"', "seen < '2026-11-21T09:05:35Z'", true],
    ['span', '"-00:00:01.500000"', "span < '-00:00:01'", true],
    ['span', '"100:00:00.000000"', "span > '99:59:59'", true],
    ['who', '"1f09"', "who = '1f09'", true],
    ['odd `name', '3', '`odd ``name` = 3', true],
  ])('%s = %s: %s', (column, value, condition, expected) => {
    expect(holds(condition, { [column]: value })).toBe(expected);
  });
});

describe('logic', () => {
  test.each([
    ['n = 1 OR n = 2 AND big = 9', true], // AND binds more
    ['(n = 1 OR n = 2) AND big = 9', false],
    ['not n = 2 and n in (1, 2)', true],
    ['n NOT IN (2, 3)', true],
    ['NOT (n = 1)', false],
    ['name IS NULL', true],
    ['n IS NOT NULL AND NOT name IS NOT NULL', true],
    // NULL is neither equal nor unequal to anything: the row is not published.
    ["name = 'x'", false],
    ["name != 'x'", false],
    ["NOT name = 'x'", false],
    ["name NOT IN ('x')", false],
    ["name = 'x' OR n = 1", true],
    ["NOT (name = 'x' AND n = 2)", true],
    ['doc IS NULL', true],
  ])('%s', (condition, expected) => {
    expect(holds(condition, { n: '1', big: '3' })).toBe(expected);
  });
});

test.each([
  ['m = 1', 'names column m, which the table does not have'],
  ["n = '1'", 'compares column n, which is int: give a number without quotes'],
  ['name = 1', "give a text in quotes ('…')"],
  ['n = NULL', 'write IS NULL'],
  ["raw = 'x'", 'compares column raw, which is blob: only IS NULL is known for it'],
  ["doc = 'x'", 'only IS NULL is known'],
  ["who < 'x'", 'only =, != and IN are known'],
  ["day > 'yesterday'", "'YYYY-MM-DD hh:mm:ss'"],
  ['n = 1 AND', 'needs the name of a column, not its end'],
  ['n = 1)', 'does not end before `)`'],
  ['(n = 1', 'needs ) where it ends'],
  ['n LIKE 1', 'not `LIKE`'],
  ['n = 1; DROP', 'cannot be read from `; DROP` on'],
  ['n = n', "needs a number or a 'text', not `n`"],
  ["name = 'x", "cannot be read from `'x` on"],
  [`${'('.repeat(60)}n = 1`, 'has too many parentheses'],
])('%s is refused', (condition, message) => {
  expect(() => compileCondition(condition, COLUMNS)).toThrow(message);
});
