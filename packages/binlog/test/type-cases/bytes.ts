import type { TypeCase } from './type-case.ts';

const base64 = (hex: string): string => `"${Buffer.from(hex, 'hex').toString('base64')}"`;

const ALL_BYTES = `X'${Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0')).join('')}'`;

export const BYTES: readonly TypeCase[] = [
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
    values: [
      ["X'C3'", base64('c3')],
      `REPEAT(X'00FF7E', 10000)`,
      `REPEAT('a', 191)`,
      `REPEAT('a', 193)`,
      [ALL_BYTES, base64(ALL_BYTES.slice(2, -1))],
    ],
  },
  { type: 'mediumblob', values: [`REPEAT(X'0102', 50000)`] },
  { type: 'longblob', values: [`REPEAT(X'010203', 100001)`, ["X''", '""']] },
  {
    type: 'varbinary(20)',
    values: [
      ["X'00'", base64('00')],
      ["X'2000'", base64('2000')],
      ["'text'", base64('74657874')],
    ],
  },
  { type: 'char(5) character set binary', values: [["'ab'", base64('6162000000')]] },
  { type: 'varchar(20) character set binary', values: [["'größe '", base64('6772c3b6c39f6520')]] },
  { type: 'text character set binary', values: [["'größe'", base64('6772c3b6c39f65')]] },
  {
    type: 'vector(3)',
    values: [[`TO_VECTOR('[1,2,-3.5]')`, base64('0000803f00000040000060c0')]],
    only: 'mysql',
  },
  {
    type: 'vector(3)',
    values: [[`VEC_FromText('[1,2,-3.5]')`, base64('0000803f00000040000060c0')]],
    only: 'mariadb 11.8',
  },
];

export const COMPRESSED: readonly TypeCase[] = [
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

export const NAMED: readonly TypeCase[] = [
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
];
