import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exactAfter, exactElements, exactMember, memberNames } from '../src/index.ts';

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

describe('exactElements', () => {
  test('keeps numbers that parsing would change, with or without spaces', () => {
    expect(exactElements(' [1.0, {"a": [12345678901234567890]} ,"x,]",null]')).toEqual([
      '1.0',
      '{"a": [12345678901234567890]}',
      '"x,]"',
      'null',
    ]);
    expect(exactElements('[]')).toEqual([]);
  });

  test('are what JSON.stringify wrote', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (values) => {
        expect(exactElements(JSON.stringify(values))).toEqual(values.map((value) => JSON.stringify(value)));
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

  test('finds names with escapes, however they are spelled', () => {
    const object = String.raw`{"a\nb":1.0,"a\\nb":2.0,"d\"q":3.0,"\u0041\t":4.0,"__proto__":5.0}`;
    expect(exactMember(object, 'a\nb')).toBe('1.0');
    expect(exactMember(object, 'a\\nb')).toBe('2.0');
    expect(exactMember(object, 'd"q')).toBe('3.0');
    expect(exactMember(object, 'A\t')).toBe('4.0');
    expect(exactMember(object, '__proto__')).toBe('5.0');
  });

  test('finds every member of any object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (row) => {
        for (const [name, value] of Object.entries(row)) {
          expect(exactMember(JSON.stringify(row), name)).toBe(JSON.stringify(value));
        }
      }),
    );
  });
});

describe('memberNames', () => {
  test('keeps the order of the text', () => {
    expect(memberNames('{ "b" : [1, {"c":2}], "10":"x}" ,"2":{}, "d\\"q":null}')).toEqual([
      'b',
      '10',
      '2',
      'd"q',
    ]);
    expect(memberNames('{}')).toEqual([]);
  });

  test('are those of any object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (row) => {
        expect(memberNames(JSON.stringify(row))).toEqual(Object.keys(row));
      }),
    );
  });
});
