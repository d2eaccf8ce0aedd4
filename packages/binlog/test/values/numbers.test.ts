import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decimalWidth, decimalWriter } from '../../src/values/decimal.ts';
import { writeDouble, writeFloat } from '../../src/values/floats.ts';
import { bigintWriter, integerWriter, writeBit, writeYear } from '../../src/values/integers.ts';
import { serverDouble } from '../../src/values/json-double.ts';
import { jsonText } from '../support/json-text.ts';

describe('integers', () => {
  test.each([1, 2, 3, 4] as const)('of %i bytes, both signs', (width) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 256 ** width - 1 }), (value) => {
        const bytes = Buffer.alloc(width);
        bytes.writeUIntLE(value, 0, width);
        expect(jsonText(integerWriter(width, true), bytes)).toBe(String(value));
        expect(jsonText(integerWriter(width, false), bytes)).toBe(String(bytes.readIntLE(0, width)));
      }),
    );
  });

  test('of 8 bytes: a number where a double is exact, else a string', () => {
    const expected = (value: bigint): string =>
      value >= -9_007_199_254_740_991n && value <= 9_007_199_254_740_991n ? String(value) : `"${value}"`;
    const edges = [
      0n,
      1n,
      -1n,
      2n ** 53n,
      2n ** 53n - 1n,
      -(2n ** 53n),
      -(2n ** 53n) + 1n,
      2n ** 32n,
      -(2n ** 32n),
      2n ** 63n - 1n,
      -(2n ** 63n),
    ];
    const value = fc.oneof(fc.constantFrom(...edges), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
    fc.assert(
      fc.property(value, (number) => {
        const bytes = Buffer.alloc(8);
        bytes.writeBigInt64LE(number);
        expect(jsonText(bigintWriter(false), bytes)).toBe(expected(number));
        expect(jsonText(bigintWriter(true), bytes)).toBe(expected(BigInt.asUintN(64, number)));
      }),
    );
  });

  test('YEAR and BIT', () => {
    expect(jsonText(writeYear, Buffer.of(0))).toBe('0');
    expect(jsonText(writeYear, Buffer.of(1))).toBe('1901');
    expect(jsonText(writeYear, Buffer.of(255))).toBe('2155');
    expect(jsonText(writeBit, Buffer.of(1, 0))).toBe('256');
    expect(jsonText(writeBit, Buffer.alloc(7, 255))).toBe('"72057594037927935"');
    expect(jsonText(writeBit, Buffer.from('001fffffffffffff', 'hex'))).toBe('9007199254740991');
  });
});

/** MySQL's packed decimal, made from text. */
function packDecimal(text: string, precision: number, scale: number): Buffer {
  const negative = text.startsWith('-');
  const [whole = '', fraction = ''] = text.replace('-', '').split('.');
  const groups: [digits: string][] = [];
  const padded = whole.padStart(precision - scale, '0').slice(whole.length > precision - scale ? 1 : 0);
  const first = padded.length % 9;
  if (first > 0) groups.push([padded.slice(0, first)]);
  for (let at = first; at < padded.length; at += 9) groups.push([padded.slice(at, at + 9)]);
  for (let at = 0; at < scale; at += 9) groups.push([fraction.padEnd(scale, '0').slice(at, at + 9)]);
  const bytes = Buffer.concat(
    groups.map(([digits]) => {
      const width = decimalWidth(digits.length, 0);
      const group = Buffer.alloc(width);
      group.writeUIntBE(Number(digits), 0, width);
      return group;
    }),
  );
  if (negative) for (const [at, byte] of bytes.entries()) bytes[at] = byte ^ 0xff;
  bytes[0]! ^= 0x80;
  return bytes;
}

test('decimals keep sign and scale', () => {
  const sizes = fc
    .integer({ min: 1, max: 65 })
    .chain((precision) =>
      fc.tuple(fc.constant(precision), fc.integer({ min: 0, max: Math.min(30, precision) })),
    );
  const digits = fc.bigInt({ min: 1n, max: 10n ** 65n - 1n });
  fc.assert(
    fc.property(sizes, digits, fc.boolean(), ([precision, scale], number, negative) => {
      const value = (number % (10n ** BigInt(precision) - 1n)) + 1n;
      const all = String(value).padStart(scale + 1, '0');
      const text = `${negative ? '-' : ''}${all.slice(0, all.length - scale)}${scale > 0 ? `.${all.slice(-scale)}` : ''}`;
      const bytes = packDecimal(text, precision, scale);
      expect(bytes).toHaveLength(decimalWidth(precision, scale));
      expect(jsonText(decimalWriter(precision, scale), bytes)).toBe(`"${text}"`);
    }),
  );
  expect(() => jsonText(decimalWriter(9, 0), Buffer.from('ffffffff', 'hex'))).toThrow('too many digits');
});

describe('floats', () => {
  test('FLOAT is the shortest text of its 32 bits', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const bytes = Buffer.alloc(4);
        bytes.writeFloatLE(value);
        const text = jsonText(writeFloat, bytes);
        expect(Object.is(Math.fround(Number(text)), value)).toBe(true);
      }),
    );
    const of = (value: number): string => {
      const bytes = Buffer.alloc(4);
      bytes.writeFloatLE(value);
      return jsonText(writeFloat, bytes);
    };
    expect([3.14, 0.1, 16_777_216, 123_456.789, 3.4028234663852886e38, 1e-45].map(of)).toEqual([
      '3.14',
      '0.1',
      '16777216',
      '123456.79',
      '3.4028235e+38',
      '1e-45',
    ]);
  });

  test('DOUBLE is JavaScript’s own text; what is no number is refused', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const bytes = Buffer.alloc(8);
        bytes.writeDoubleLE(value);
        expect(jsonText(writeDouble, bytes)).toBe(Object.is(value, -0) ? '-0' : String(value));
      }),
    );
    expect(() => jsonText(writeDouble, Buffer.from('000000000000f07f', 'hex'))).toThrow(
      'not a finite number',
    );
  });

  test.each([
    [1, '1.0'],
    [-0, '-0.0'],
    [1e15, '1e15'],
    [1e14, '100000000000000.0'],
    [1.5e-14, '0.000000000000015'],
    [1e-15, '0.000000000000001'],
    [9.87e-16, '9.87e-16'],
    [1234567890123456.8, '1234567890123456.8'],
    [1.2345678901234568e21, '1.2345678901234568e21'],
    [-1.7976931348623157e308, '-1.7976931348623157e308'],
  ])('%d inside JSON is %s', (value, text) => {
    expect(serverDouble(value)).toBe(text);
  });
});
