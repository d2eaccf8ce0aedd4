import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exactAfter, exactMember } from '../src/index.ts';

const recordValue = (after: string, before = 'null'): Buffer =>
  Buffer.from(
    `{"schema":{"version":1,"type":"row","table":1},"payload":{"source":{"table":"a\\"after\\":{"},"key":{"after":1},` +
      `"before":${before},"after":${after},"metadata":{"after":{}}}}`,
  );

describe('exactAfter', () => {
  test('keeps numbers that parsing would change', () => {
    const after = '{"id":1,"doc":{"a":1.0,"b":12345678901234567890,"c":1e2}}';
    expect(exactAfter(recordValue(after))).toBe(after);
  });

  test('is not misled by the same name elsewhere', () => {
    expect(exactAfter(recordValue('{"x":"ä€"}', '{"after":{"y":"\\\\\\"}"},"z":[{"after":2}]}'))).toBe(
      '{"x":"ä€"}',
    );
  });

  test('is null where the row is gone', () => {
    expect(exactAfter(recordValue('null', '{"id":1}'))).toBeNull();
    expect(exactAfter(Buffer.from('{"payload":{}}'))).toBeNull();
  });

  test('is what JSON.stringify wrote, whatever the row holds', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (after, before) => {
        const value = Buffer.from(JSON.stringify({ payload: { before, after, metadata: before } }));
        expect(exactAfter(value)).toBe(JSON.stringify(after));
      }),
    );
  });
});

describe('exactMember', () => {
  test('gives the text of one member, with or without spaces', () => {
    expect(exactMember('{"a":{"b":[1.0]},"b":1.50}', 'b')).toBe('1.50');
    expect(exactMember('{ "a" : "x,y" , "b" : [ 1.0 , 2 ] }', 'b')).toBe('[ 1.0 , 2 ]');
    expect(exactMember('{"a":1}', 'b')).toBeNull();
    expect(exactMember('{}', 'b')).toBeNull();
  });
});
