import { PipelineError } from '@sluice/runtime';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { columnCodec, quote } from '../src/literals.ts';

type JsonValue = Parameters<ReturnType<typeof columnCodec>['literal']>[0];

const literal = (type: string, value: JsonValue): string => columnCodec(type, 'mysql').literal(value);

test.each<[string, JsonValue, string]>([
  ['int unsigned', 42, '42'],
  ['bigint', '-9223372036854775808', '-9223372036854775808'],
  ['bigint unsigned', '18446744073709551615', '18446744073709551615'],
  ['decimal(10,2)', '12.50', '12.50'],
  ['double', 1.5e300, '1.5e+300'],
  ['bit(64)', '18446744073709551615', '18446744073709551615'],
  ['year', 0, '0'],
  ['varchar(64)', "it's a \\ and a ☃", "'it''s a \\\\ and a ☃'"],
  ['varchar(9)', 'a\r\n\0\x1a"\t', String.raw`'a\r\n\0\Z"${'\t'}'`],
  ['char(3)', '', "''"],
  ['date', '0000-00-00', "'0000-00-00'"],
  ['time(6)', '-838:59:59.000000', "'-838:59:59.000000'"],
  ['datetime(6)', '2026-11-21T09:05:34.233197', "'2026-11-21 09:05:34.233197'"],
  ['datetime', '0000-00-00T00:00:00', "'0000-00-00 00:00:00'"],
  ['timestamp', '2026-11-21T09:05:34Z', "'2026-11-21 09:05:34'"],
  ["set('a','b')", 'a,b', "'a,b'"],
  ["enum('a','b')", 'b', "'b'"],
  ['varbinary(4)', 'AP8=', "x'00FF'"],
  ['blob', '', "x''"],
  ['json', { a: [1, null, "it's"] }, `'{"a":[1,null,"it''s"]}'`],
  ['json', 'text', `'"text"'`],
  ['uuid', '0a0b0c0d-0000-0000-0000-000000000000', "'0a0b0c0d-0000-0000-0000-000000000000'"],
])('%s: %j is written %s', (type, value, expected) => {
  expect(literal(type, value)).toBe(expected);
  expect(literal(type, null)).toBe('NULL');
});

test('the largest FLOAT is not above the largest FLOAT', () => {
  expect(literal('float', 3.4028235e38)).toBe('3.4028234663852886e+38');
});

test('the error value of an ENUM goes by its index, unless the empty text is a member', () => {
  expect(literal("enum('a','b')", '')).toBe("'0'");
  expect(literal("enum('a','')", '')).toBe("''");
  expect(columnCodec("enum('a','b')", 'mariadb').literal('')).toBe("''");
});

test('a geometry keeps its axes on both flavours', () => {
  const point = { srid: 4326, wkb: 'AQEAAAAAAAAAAADwPwAAAAAAAABA' };
  const wkb = "x'0101000000000000000000F03F0000000000000040'";
  expect(literal('point', point)).toBe(`ST_GeomFromWKB(${wkb},4326,'axis-order=long-lat')`);
  expect(columnCodec('point', 'mariadb').literal(point)).toBe(`ST_GeomFromWKB(${wkb},4326)`);
});

test.each<[string, JsonValue]>([
  ['int', '1; DROP TABLE t'],
  ['decimal(10,2)', "1'"],
  ['bigint', { a: 1 }],
  ['datetime', "2026-11-21' OR '1"],
  ['blob', 5],
  ['geometry', 'POINT(1 1)'],
])('%s refuses %j', (type, value) => {
  expect(() => literal(type, value)).toThrow(PipelineError);
});

test('keys are recognised by the text that the server gives back', () => {
  expect(columnCodec('varbinary(4)', 'mysql').text('AP8=')).toBe('00FF');
  expect(columnCodec('varbinary(4)', 'mysql').select('`k`')).toBe('HEX(`k`)');
  expect(columnCodec('timestamp(3)', 'mysql').text('2026-11-21T09:05:34.233Z')).toBe(
    '2026-11-21 09:05:34.233',
  );
  expect(columnCodec('year', 'mysql').select('`k`')).toBe('`k`+0');
});

test('a quoted text ends where it ends', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...Array.from(`'\\"a\0\n\r\x1a0nrZé`)) }), (text) => {
      const inner = quote(text).slice(1, -1);
      const escapes = /''|\\(.)/gu;
      // oxlint-disable-next-line no-control-regex -- they are what is escaped
      expect(inner.replace(escapes, '')).not.toMatch(/['\\\0\n\r\x1a]/u);
      const meant: Record<string, string> = { 0: '\0', n: '\n', r: '\r', Z: '\x1a', '\\': '\\' };
      expect(inner.replace(escapes, (_, letter?: string) => meant[letter ?? ''] ?? "'")).toBe(text);
    }),
  );
});
