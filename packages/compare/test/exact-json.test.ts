import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalDouble, canonicalJson, canonicalNumber, parseExactJson } from '../src/exact-json.ts';

const canonical = (text: string): string => canonicalJson(parseExactJson(text));

describe('canonicalNumber', () => {
  test.each([
    ['0', '0'],
    ['-0.000', '0'],
    ['42', '42'],
    ['00042', '42'],
    ['100', '100'],
    ['1.50', '15e-1'],
    ['15e-1', '15e-1'],
    ['0.00012', '12e-5'],
    ['-1e3', '-1000'],
    ['1E+21', '1000000000000000000000'],
    ['18446744073709551615', '18446744073709551615'],
  ])('%s is %s', (text, expected) => {
    expect(canonicalNumber(text)).toBe(expected);
  });

  test('numbers with equal doubles but other digits stay apart', () => {
    expect(canonicalNumber('9007199254740993')).not.toBe(canonicalNumber('9007199254740992'));
  });

  test('any way to write a double gives one text', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(canonicalNumber(value.toExponential())).toBe(canonicalDouble(String(value)));
      }),
    );
  });

  test('what is not a number is refused', () => {
    for (const text of ['', 'NaN', '1.2.3', '0x10', '-'])
      expect(() => canonicalNumber(text)).toThrow(SyntaxError);
  });
});

describe('canonicalJson', () => {
  test('order of members and notation of numbers do not matter, order of items does', () => {
    expect(canonical('{"b":[1.0,2],"a":{"d":null,"c":"x"}}')).toBe(
      canonical(' {"a":{"c":"x","d":null},"b":[1,2.00]}'),
    );
    expect(canonical('[1,2]')).not.toBe(canonical('[2,1]'));
  });

  test('a number is not its text', () => {
    expect(canonical('"1"')).not.toBe(canonical('1'));
    expect(canonical('null')).not.toBe(canonical('"null"'));
  });

  test('keeps every digit of a large number', () => {
    expect(canonical('[18446744073709551615]')).toBe('[18446744073709551615]');
  });

  test('is stable for any document', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(canonical(canonical(text))).toBe(canonical(text));
      }),
    );
  });
});
