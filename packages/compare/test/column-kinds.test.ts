import { describe, expect, test } from 'vitest';
import { columnKind, shortestFloat } from '../src/column-kinds.ts';
import { parseExactJson } from '../src/exact-json.ts';

describe('the value table', () => {
  test.each([
    ['int', '-42', '-42'],
    ['year', '0000', '0'],
    ['bigint', '9007199254740991', '9007199254740991'],
    ['bigint', '9007199254740992', '"9007199254740992"'],
    ['bigint', '-9223372036854775808', '"-9223372036854775808"'],
    ['bit', '18446744073709551615', '"18446744073709551615"'],
    ['decimal', '12.50', '"12.50"'],
    ['double', '1e21', '1000000000000000000000'],
    ['double', '-0', '0'],
    ['float', '0.10000000149011612', '1e-1'],
    ['varchar', 'say "é"\u0000', '"say \\"é\\"\\u0000"'],
    ['enum', '', '""'],
    ['binary', '00FF00', '"AP8A"'],
    ['date', '0000-00-00', '"0000-00-00"'],
    ['datetime', '2026-11-21 09:05:34.233197', '"2026-11-21T09:05:34.233197"'],
    ['timestamp', '2026-11-21 09:05:34', '"2026-11-21T09:05:34Z"'],
    ['time', '-838:59:59.000000', '"-838:59:59.000000"'],
    ['json', '{"b": 1.50, "a": null}', '{"a":null,"b":15e-1}'],
    ['point', 'E61000000101000000', '{"srid":4326,"wkb":"AQEAAAA="}'],
    ['inet6', '::1', '"::1"'],
  ])('%s %s is %s', (type, text, expected) => {
    expect(columnKind(type).fromServer(text)).toBe(expected);
  });

  test('a type that nobody has thought of is refused', () => {
    expect(() => columnKind('hologram')).toThrow('hologram');
  });
});

test('a float is the shortest text of its 32 bits', () => {
  for (const [value, text] of [
    [Math.fround(0.1), '1e-1'],
    [Math.fround(1 / 3), '33333334e-8'],
    [16_777_216, '16777216'],
    [Math.fround(3.4e38), '34e37'],
  ] as const) {
    expect(shortestFloat(String(value))).toBe(text);
  }
});

test('numbers in documents: exact for integers, as doubles for doubles', () => {
  const int = columnKind('bigint');
  const double = columnKind('double');
  expect(int.fromDocument(parseExactJson('9007199254740993'))).toBe('9007199254740993');
  expect(double.fromDocument(parseExactJson('0.1000000000000000055511'))).toBe('1e-1');
  expect(double.fromDocument(parseExactJson('"0.1"'))).toBe('"0.1"');
});

test('literals', () => {
  expect(columnKind('varchar').literal("it's \\ here")).toBe("'it\\'s \\\\ here'");
  // The mysql client ends a statement at a NUL, and makes one character of CR LF.
  expect(columnKind('varchar').literal('a\r\n\0\x1a"')).toBe(String.raw`'a\r\n\0\Z"'`);
  expect(columnKind('int').literal('42')).toBe('42');
  expect(columnKind('varbinary').literal('00FF')).toBe("X'00FF'");
});

test.each([
  ['int', '1 OR 1'],
  ['decimal', '0x31'],
  ['double', 'NaN'],
  ['bit', ''],
  ['varbinary', "00' OR '"],
])('%s: "%s" is no literal', (type, text) => {
  expect(() => columnKind(type).literal(text)).toThrow(RangeError);
});
