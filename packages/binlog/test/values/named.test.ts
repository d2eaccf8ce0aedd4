import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nameTypes } from '../../src/named-types.ts';
import type { Column } from '../../src/table-map.ts';
import { writeInet4, writeInet6, writeUuid } from '../../src/values/named.ts';
import { jsonText } from '../support/json-text.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

test('UUID in the order of its bytes, zeros at the end left out or not', () => {
  expect(jsonText(writeUuid, bytes('123e4567e89b12d3a456426655440000'))).toBe(
    '"123e4567-e89b-12d3-a456-426655440000"',
  );
  expect(jsonText(writeUuid, bytes('123e4567e89b12d3a45642665544'))).toBe(
    '"123e4567-e89b-12d3-a456-426655440000"',
  );
  expect(jsonText(writeUuid, bytes(''))).toBe('"00000000-0000-0000-0000-000000000000"');
});

test('INET4', () => {
  expect(jsonText(writeInet4, bytes('0a00ff09'))).toBe('"10.0.255.9"');
  expect(jsonText(writeInet4, bytes('7f'))).toBe('"127.0.0.0"');
});

describe('INET6', () => {
  test.each([
    ['', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['20010db8000000000000ff0000428329', '2001:db8::ff00:42:8329'],
    ['00010000000000020000000000000003', '1:0:0:2::3'],
    ['00010002000300040005000600070000', '1:2:3:4:5:6:7::'],
    ['00000000000000000000ffff01020304', '::ffff:1.2.3.4'],
    ['00000000000000000000000001020304', '::1.2.3.4'],
    ['0001', '1::'],
  ])('%s', (hex, text) => {
    expect(jsonText(writeInet6, bytes(hex))).toBe(`"${text}"`);
  });

  test('any address stands for the same bytes as the platform reads it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0, 0, 0, 1, 0xffff, 0x1a2b), { minLength: 8, maxLength: 8 }),
        (words) => {
          const source = Buffer.alloc(16);
          words.forEach((word, index) => source.writeUInt16BE(word, index * 2));
          const text = JSON.parse(jsonText(writeInet6, source)) as string;
          const written = words.map((word) => word.toString(16)).join(':');
          expect(new URL(`http://[${text}]`).host).toBe(new URL(`http://[${written}]`).host);
        },
      ),
    );
  });
});

describe('named types', () => {
  const column = (name: string, meta: number): Column => ({
    name,
    type: 254,
    meta,
    nullable: true,
    unsigned: false,
    collation: 63,
    members: null,
    visible: true,
    sqlType: `binary(${meta})`,
    charset: null,
  });

  test('are given by name, others stay', () => {
    const columns = nameTypes(
      [column('a', 16), column('b', 16), column('c', 4)],
      new Map([
        ['a', 'uuid'],
        ['c', 'inet4'],
      ]),
    );
    expect(columns.map(({ sqlType }) => sqlType)).toEqual(['uuid', 'binary(16)', 'inet4']);
  });

  test('are refused for a column of another length', () => {
    expect(() => nameTypes([column('a', 16)], new Map([['a', 'inet4']]))).toThrow(/cannot be inet4/);
  });
});
