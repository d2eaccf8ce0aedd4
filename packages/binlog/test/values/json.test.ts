import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeCompactJson } from '../../src/values/json-compact.ts';
import { writeJson } from '../../src/values/json.ts';
import { jsonText } from '../support/json-text.ts';
import { jsonbBytes, type Json } from '../support/jsonb-bytes.ts';

const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer({ min: -32_768, max: 32_767 }),
  fc.string({ maxLength: 20, unit: 'grapheme-ascii' }),
);
const document = fc.letrec<{ node: Json }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc.array(tie('node'), { minLength: 1, maxLength: 4 }),
    fc.dictionary(fc.string({ maxLength: 6, unit: 'grapheme-ascii' }), tie('node'), { maxKeys: 4 }),
  ),
})).node;

describe('binary JSON', () => {
  test('is written as compact text', () => {
    fc.assert(
      fc.property(document, (value) => {
        expect(jsonText(writeJson, jsonbBytes(value))).toBe(JSON.stringify(value));
      }),
    );
  });

  test('no bytes are null', () => {
    expect(jsonText(writeJson, Buffer.alloc(0))).toBe('null');
  });

  test('a DECIMAL of the most digits is counted in whole groups of nine, which are more than it may have', () => {
    const hex = `0ff62248007fffff9c${'c4653600'.repeat(7)}`;
    expect(jsonText(writeJson, Buffer.from(hex, 'hex'))).toBe(`-${'9'.repeat(65)}`);
  });

  test.each([
    ['a type that does not exist', '0700'],
    ['a literal that does not exist', '0409'],
    ['a container that is larger than the value', '0001004000'],
    ['an array that holds itself', '0201000800020000ff'],
    ['a string that is longer than the value', '0c7f6162'],
    ['a double that is not finite', '0b000000000000f07f'],
  ])('%s is refused', (_what, hex) => {
    expect(() => jsonText(writeJson, Buffer.from(hex, 'hex'))).toThrow(/garbled|cannot be read/);
  });
});

test('the server’s text loses the blanks outside strings only', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const spaced = JSON.stringify(value, null, 1).replace(/\n */g, ' ');
      expect(
        jsonText(
          (source, start, end, out) => writeCompactJson(source.subarray(start, end), out),
          Buffer.from(spaced),
        ),
      ).toBe(JSON.stringify(value));
    }),
  );
});
