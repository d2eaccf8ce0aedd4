import fc from 'fast-check';
import iconv from 'iconv-lite';
import { describe, expect, test } from 'vitest';
import { decodeText, textWriter } from '../../src/charsets.ts';
import { charsetOfCollation, maxBytesOf } from '../../src/collations.ts';
import { paddedBinaryWriter, writeBase64, writeGeometry } from '../../src/values/binary.ts';
import { enumWriter, setWriter } from '../../src/values/enum-set.ts';
import { writeUtf8 } from '../../src/values/json-string.ts';
import { jsonText } from '../support/json-text.ts';

describe('UTF-8', () => {
  test('is written as JSON.stringify writes it', () => {
    const unit = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('"\\\b\f\n\r\t\0\x1f\x7f', 'x'.repeat(200)),
    );
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 8 }), (parts) => {
        const text = parts.join('').toWellFormed();
        expect(jsonText(writeUtf8, Buffer.from(text))).toBe(JSON.stringify(text));
      }),
    );
  });

  test('longer than a piece, with characters over the cuts', () => {
    for (const text of ['é'.repeat(5000), `x${'😀'.repeat(3000)}`, 'a"\\\n'.repeat(4000), '€'.repeat(4096)]) {
      expect(jsonText(writeUtf8, Buffer.from(text))).toBe(JSON.stringify(text));
    }
  });

  test('bytes that are no UTF-8 become question marks, one each', () => {
    const at = (hex: string): string => JSON.parse(jsonText(writeUtf8, Buffer.from(hex, 'hex'))) as string;
    expect(at('61ff62')).toBe('a?b');
    expect(at('c3')).toBe('?');
    expect(at('c328')).toBe('?(');
    expect(at('eda080')).toBe('???');
    expect(at('c080')).toBe('??');
    expect(at('f5808080')).toBe('????');
    expect(at('e282')).toBe('??');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 9000 }), (bytes) => {
        JSON.parse(jsonText(writeUtf8, Buffer.from(bytes)));
      }),
    );
  });
});

describe('character sets', () => {
  test.each([
    ['latin1', '80818fa4e9', '€\x81\x8f¤é'],
    ['ascii', '4180', 'A?'],
    ['swe7', '405b7d', 'ÉÄå'],
    ['koi8r', 'f0d2c9', 'При'],
    ['cp1251', 'cff0e898', 'При?'],
    ['gbk', 'd6d0cec4a140', '中文?'],
    ['sjis', '815f93fa96b1', '\\日務'],
    ['cp932', 'f040f941', '\ue000\ue69d'],
    ['ujis', 'a1c08fb0a1f5a1', '\\丂\ue000'],
    ['eucjpms', '8ff3f38ff4ab', 'ⅰ㈱'],
    ['big5', 'a145c6a1a440', '•ヾ一'],
    ['euckr', 'b0a1', '가'],
    ['gb2312', 'a1a4d6d0', '・中'],
    ['gb18030', '8139ee39a3a0', '㒡\ue5e5'],
    ['ucs2', '00e965e5d800', 'é日???'],
    // As the server's own UTF-8 of it is read, six bytes that are none: from the stream and by a snapshot the same.
    ['ucs2', 'd83dde00', '??????'],
    ['utf16', 'd800', '???'],
    ['utf16', 'd83dde00', '😀'],
    ['utf16le', '3dd800de', '😀'],
    ['utf32', '0001f6000000d800', '😀???'],
    ['utf32', '0000d83d0000de0000110000', '???????'],
  ])('%s', (charset, hex, text) => {
    const bytes = Buffer.from(hex, 'hex');
    const wanted = charset === 'gb18030' ? iconv.decode(bytes.subarray(0, 4), 'gb18030') + '\ue5e5' : text;
    expect(decodeText(bytes, charset)).toBe(wanted);
    expect(jsonText(textWriter(charset), bytes)).toBe(JSON.stringify(wanted));
  });

  test('that are not known are refused', () => {
    expect(() => textWriter('klingon')).toThrow('not known');
  });

  test('are found by collation', () => {
    const ids = [8, 33, 45, 63, 83, 224, 255, 309, 323, 576, 608, 1070, 2048, 2304, 2600, 3100];
    expect(ids.map(charsetOfCollation).join(' ')).toBe(
      'latin1 utf8mb3 utf8mb4 binary utf8mb3 utf8mb4 utf8mb4 utf8mb4 utf8mb4 ' +
        'utf8mb3 utf8mb4 utf8mb4 utf8mb3 utf8mb4 ucs2 utf32',
    );
    expect(charsetOfCollation(100)).toBeNull();
    expect(maxBytesOf('utf8mb4')).toBe(4);
  });
});

describe('bytes', () => {
  test('are base64, short and long', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        expect(jsonText(writeBase64, Buffer.from(bytes))).toBe(`"${Buffer.from(bytes).toString('base64')}"`);
      }),
    );
    for (const length of [49_151, 49_152, 49_153, 49_345, 200_000]) {
      const bytes = Buffer.alloc(length, 'abc\0\xff');
      expect(jsonText(writeBase64, bytes)).toBe(`"${bytes.toString('base64')}"`);
    }
  });

  test('BINARY gets its padding back', () => {
    const write = paddedBinaryWriter(4);
    expect(jsonText(write, Buffer.of(1, 2, 3, 4))).toBe('"AQIDBA=="');
    expect(jsonText(write, Buffer.of(9))).toBe('"CQAAAA=="');
    expect(jsonText(write, Buffer.alloc(0))).toBe('"AAAAAA=="');
  });

  test('GEOMETRY is its SRID and its WKB', () => {
    expect(jsonText(writeGeometry, Buffer.from('e6100000010203', 'hex'))).toBe('{"srid":4326,"wkb":"AQID"}');
  });
});

describe('members', () => {
  test('ENUM: one and two bytes, 0 is the empty error value', () => {
    const write = enumWriter(['a', 'it"s', 'ö']);
    expect([0, 1, 2, 3].map((index) => jsonText(write, Buffer.of(index)))).toEqual([
      '""',
      '"a"',
      '"it\\"s"',
      '"ö"',
    ]);
    expect(() => jsonText(write, Buffer.of(4))).toThrow('beyond its members');
    expect(
      jsonText(enumWriter(Array.from({ length: 300 }, (_, index) => `m${index}`)), Buffer.of(0x2c, 1)),
    ).toBe('"m299"');
  });

  test('SET: bits in the order of the declaration', () => {
    const write = setWriter(['a', 'b,', 'ö']);
    expect([0, 5, 7].map((bits) => jsonText(write, Buffer.of(bits)))).toEqual(['""', '"a,ö"', '"a,b,,ö"']);
    expect(() => jsonText(write, Buffer.of(8))).toThrow('beyond its members');
  });
});
