import type { TypeCase } from './type-case.ts';

const LONG_TEXT = `REPEAT('long "text" \\\\ größe 😀\\n', 700)`;
const ESCAPES = `CONCAT('a"b', CHAR(92), 'c', CHAR(8), CHAR(9), CHAR(10), CHAR(12), CHAR(13), CHAR(0), CHAR(31), CHAR(127), '/é😀')`;

const TEXTS: readonly TypeCase[] = [
  {
    type: 'char(5) character set utf8mb4',
    values: [
      ["'ab  '", '"ab"'],
      ["'größe'", '"größe"'],
      ["'😀😀😀😀😀'", '"😀😀😀😀😀"'],
      ["''", '""'],
    ],
  },
  { type: 'char(255) character set utf8mb4', values: [`REPEAT('é', 255)`, ["'x'", '"x"']] },
  {
    type: 'varchar(20) character set utf8mb4',
    values: [
      ["''", '""'],
      ["'ab  '", '"ab  "'],
      [ESCAPES, JSON.stringify('a"b\\c\b\t\n\f\r\0\x1f\x7f/é😀')],
      ["'null'", '"null"'],
    ],
  },
  { type: 'varchar(2000) character set utf8mb4', values: [`REPEAT('é"', 900)`, `REPEAT('x', 2000)`] },
  { type: 'varchar(100) character set utf8mb3', values: [["'größe €'", '"größe €"']] },
  {
    type: 'varchar(100) character set latin1',
    values: [
      ["'größe € Œ'", '"größe € Œ"'],
      [`X'818D8F909D'`, JSON.stringify('\x81\x8d\x8f\x90\x9d')],
      `REPEAT('ä', 100)`,
    ],
  },
  { type: 'varchar(100) character set ascii', values: [["'plain'", '"plain"']] },
  { type: 'tinytext character set utf8mb4', values: [["'tiny'", '"tiny"']] },
  { type: 'text character set utf8mb4', values: [LONG_TEXT, ["''", '""']] },
  { type: 'mediumtext character set latin1', values: [`REPEAT('größe "x" ', 9000)`] },
  {
    type: 'longtext character set utf8mb4',
    values: [`REPEAT('0123456789abcdef', 70000)`, `REPEAT('é', 70000)`],
  },
  { type: 'varchar(100) character set gbk', values: [["'中文 abc'", '"中文 abc"']] },
  { type: 'varchar(100) character set sjis', values: [["'日本語 ｱｲｳ'", '"日本語 ｱｲｳ"']] },
  { type: 'varchar(100) character set ucs2', values: [["'日本語 é'", '"日本語 é"']] },
  { type: 'varchar(100) character set utf16', values: [["'日本 😀'", '"日本 😀"']] },
  { type: 'varchar(100) character set utf16le', values: [["'日本 😀'", '"日本 😀"']] },
  { type: 'char(20) character set utf32', values: [["'日本 😀'", '"日本 😀"']] },
  { type: 'varchar(100) character set gb18030', values: [["'中文 😀'", '"中文 😀"']], only: 'mysql' },
  {
    type: `enum('a','it''s','comma,','gr\\nöße','b\\\\s') character set utf8mb4`,
    values: [
      ["'a'", '"a"'],
      ["'it''s'", '"it\'s"'],
      ['3', '"comma,"'],
      ['4', '"gr\\nöße"'],
      ["''", '""'],
      ['5', '"b\\\\s"'],
    ],
  },
  {
    type: `enum(${Array.from({ length: 300 }, (_, index) => `'m${index}'`).join(',')})`,
    values: [
      ["'m0'", '"m0"'],
      ["'m299'", '"m299"'],
      ["'m255'", '"m255"'],
    ],
  },
  { type: `enum('ä','ö') character set latin1`, values: [["'ö'", '"ö"']] },
  {
    type: `set('a','b','it''s','ö') character set utf8mb4`,
    values: [
      ["''", '""'],
      ["'a,b'", '"a,b"'],
      ["'b,it''s,ö'", '"b,it\'s,ö"'],
      ['15', '"a,b,it\'s,ö"'],
    ],
  },
  {
    type: `set(${Array.from({ length: 64 }, (_, index) => `'s${index}'`).join(',')})`,
    values: [
      ["'s63'", '"s63"'],
      ["'s0,s31,s32,s63'", '"s0,s31,s32,s63"'],
    ],
  },
];

const base64 = (hex: string): string => `"${Buffer.from(hex, 'hex').toString('base64')}"`;

const BYTES: readonly TypeCase[] = [
  {
    type: 'uuid',
    values: [
      ["'123e4567-e89b-12d3-a456-426655440000'", '"123e4567-e89b-12d3-a456-426655440000"'],
      ["'017F22E2-79B0-7CC3-98C4-DC0C0C07398F'", '"017f22e2-79b0-7cc3-98c4-dc0c0c07398f"'],
      ["'00000000-0000-0000-0000-000000000000'", '"00000000-0000-0000-0000-000000000000"'],
      ["'ffffffff-ffff-ffff-ffff-ffffffffffff'", '"ffffffff-ffff-ffff-ffff-ffffffffffff"'],
      ["'123e4567-e89b-92d3-8156-426655002020'", '"123e4567-e89b-92d3-8156-426655002020"'],
      ["X'00112233445566778899aabbccddeeff'", '"00112233-4455-6677-8899-aabbccddeeff"'],
    ],
    only: 'mariadb',
  },
  {
    type: 'inet6',
    values: [
      ["'::ffff:1.2.3.4'", '"::ffff:1.2.3.4"'],
      ["'::1.2.3.4'", '"::1.2.3.4"'],
      ["'::'", '"::"'],
      ["'::1'", '"::1"'],
      ["'1::'", '"1::"'],
      ["'2001:DB8::FF00:42:8329'", '"2001:db8::ff00:42:8329"'],
      ["'1:0:0:2:0:0:0:3'", '"1:0:0:2::3"'],
      ["'1:0:0:2:3:0:0:4'", '"1::2:3:0:0:4"'],
      ["'1:2:3:4:5:6:7:0'", '"1:2:3:4:5:6:7::"'],
      ["'0:2:3:4:5:6:7:8'", '"::2:3:4:5:6:7:8"'],
      ["'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'", '"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"'],
      ["'0:0:0:0:0:fffe:1.2.3.4'", '"::fffe:102:304"'],
    ],
    only: 'mariadb',
  },
  {
    type: 'inet4',
    values: [
      ["'1.2.3.0'", '"1.2.3.0"'],
      ["'0.0.0.0'", '"0.0.0.0"'],
      ["'255.255.255.255'", '"255.255.255.255"'],
      ["'10.0.32.32'", '"10.0.32.32"'],
    ],
    only: 'mariadb',
  },
  {
    type: 'binary(5)',
    values: [
      ["X'0102'", base64('0102000000')],
      ["X'0102030405'", base64('0102030405')],
      ["X''", base64('0000000000')],
      ["X'2020'", base64('2020000000')],
      ["X'0100020000'", base64('0100020000')],
    ],
  },
  { type: 'binary(255)', values: [`REPEAT('x', 255)`, "X'00ff'"] },
  {
    type: 'varbinary(300)',
    values: [["X'00FF'", base64('00ff')], ["X''", '""'], ["X'FF'", base64('ff')], `REPEAT(X'00FE', 150)`],
  },
  { type: 'tinyblob', values: [["X'010203'", base64('010203')]] },
  {
    type: 'blob',
    values: [["X'C3'", base64('c3')], `REPEAT(X'00FF7E', 10000)`, `REPEAT('a', 191)`, `REPEAT('a', 193)`],
  },
  { type: 'mediumblob', values: [`REPEAT(X'0102', 50000)`] },
  { type: 'longblob', values: [`REPEAT(X'010203', 100001)`, ["X''", '""']] },
  { type: 'vector(3)', values: [`TO_VECTOR('[1,2,-3.5]')`], only: 'mysql' },
  { type: 'point', values: [`POINT(1, 2)`] },
  {
    type: 'geometry',
    values: [
      `ST_GeomFromText('LINESTRING(0 0,1 1,2 2)')`,
      `ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))')`,
      `ST_GeomFromText('POINT(1 2)', 4326)`,
      `ST_GeomFromText('POLYGON((0 0,0 1,1 1,0 0))')`,
    ],
  },
  { type: 'linestring', values: [`ST_GeomFromText('LINESTRING(0 0,1 1)')`] },
  { type: 'polygon', values: [`ST_GeomFromText('POLYGON((0 0,0 1,1 1,0 0))')`] },
  { type: 'multipoint', values: [`ST_GeomFromText('MULTIPOINT(0 0,1 1)')`] },
  { type: 'multilinestring', values: [`ST_GeomFromText('MULTILINESTRING((0 0,1 1))')`] },
  { type: 'multipolygon', values: [`ST_GeomFromText('MULTIPOLYGON(((0 0,0 1,1 1,0 0)))')`] },
  { type: 'geometrycollection', values: [`ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1))')`] },
  {
    type: 'varchar(100) compressed character set utf8mb4',
    values: [
      ["''", '""'],
      ["'x'", '"x"'],
      [`REPEAT('abc', 30)`, `"${'abc'.repeat(30)}"`],
      `REPEAT('ä', 100)`,
    ],
    only: 'mariadb',
  },
  { type: 'blob compressed', values: [["X'00'", base64('00')], `REPEAT(X'0102', 5000)`], only: 'mariadb' },
  { type: 'text compressed character set latin1', values: [`REPEAT('größe', 5000)`], only: 'mariadb' },
];

const DOUBLES = [
  '0.0',
  '-0.0',
  '1.0',
  '-1.0',
  '1.5',
  '1e15',
  '1e14',
  '123456789012345.0',
  '1234567890123456.0',
  '12345678901234567.0',
  '1e16',
  '1e17',
  '1e100',
  '1.5e300',
  '1e-5',
  '1e-7',
  '1e-14',
  '1e-15',
  '1e-16',
  '1.25e-13',
  '1.2345678901234567e-5',
  '1.2345678901234567e-10',
  '-1.2345678901234567e-10',
  '1.2345678901234567e100',
  '-1.2345678901234567e100',
  '1.7976931348623157e308',
  '-1.7976931348623157e308',
  '2.2250738585072014e-308',
  '-2.2250738585072014e-308',
  '5e-324',
  '0.1',
  '0.30000000000000004',
  '100000000000000000000.0',
  '3.141592653589793',
  '-3.141592653589793e-3',
  '9007199254740993.0',
  '1.1e15',
  '1.1e16',
  '-123456789.123456789',
  '1e22',
  '1e23',
];

const JSONS: readonly TypeCase[] = [
  {
    type: 'json',
    only: 'mysql',
    values: [
      [`'{"a": 1, "b": [true, false, null, "x"], "c": {}}'`, '{"a":1,"b":[true,false,null,"x"],"c":{}}'],
      [`'{"bb": 1, "a": 2, "ccc": 3}'`, '{"a":2,"bb":1,"ccc":3}'],
      ["'null'", 'null'],
      [`'"text: with, blanks \\\\" and \\\\\\\\"'`, '"text: with, blanks \\" and \\\\"'],
      ["'[]'", '[]'],
      ["'{}'", '{}'],
      [
        `'[18446744073709551615, -9223372036854775808, 32767, 32768, -32769, 65535, 65536, 2147483648, 4294967296]'`,
        '[18446744073709551615,-9223372036854775808,32767,32768,-32769,65535,65536,2147483648,4294967296]',
      ],
      `'[${DOUBLES.join(', ')}]'`,
      `JSON_ARRAY(CAST('12.50' AS DECIMAL(10,2)), CAST('-0.001' AS DECIMAL(10,3)), CAST(0 AS DECIMAL(5,0)))`,
      `JSON_ARRAY(CAST('2026-11-21' AS DATE), CAST('-12:34:56.5' AS TIME(6)), CAST('2026-11-21 09:05:34.233197' AS DATETIME(6)), TIMESTAMP '2026-11-21 01:02:03', CAST('838:59:59' AS TIME), MAKEDATE(2024,60))`,
      `JSON_OBJECT('b', X'00FF01', 'bit', b'1010', 'blob', CAST('abc' AS BINARY))`,
      `JSON_ARRAY(ST_GeomFromText('POINT(1 2)'))`,
      `JSON_OBJECT('k', CHAR(1 USING utf8mb4), 'größe', '😀', 'esc', CONCAT('"', CHAR(92 USING utf8mb4), CHAR(8 USING utf8mb4), CHAR(127 USING utf8mb4), '/'))`,
      `JSON_ARRAY(REPEAT('x', 127), REPEAT('y', 128), REPEAT('z', 20000))`,
      `CONCAT('[', REPEAT('{"k":[1,2,3,"abc",70000,1.5]},', 6000), '0]')`,
      `CONCAT('{"a":', REPEAT('[', 90), '1', REPEAT(']', 90), '}')`,
      `CAST(1 AS JSON)`,
      `CAST('true' AS JSON)`,
      `CAST(CAST('1.50' AS DECIMAL(5,2)) AS JSON)`,
    ],
  },
  { type: 'json', only: 'mariadb', values: [[`'{"a": 1,  "b": [1.0]}'`, '"{\\"a\\": 1,  \\"b\\": [1.0]}"']] },
];

export const TEXT_CASES: readonly TypeCase[] = [...TEXTS, ...BYTES, ...JSONS];
