import iconv from 'iconv-lite';
import { BinlogError } from './errors.ts';
import { isCharset } from './collations.ts';
import { writeString, writeUtf8 } from './values/json-string.ts';
import { asciiWriter, singleByteWriter } from './values/single-byte.ts';
import type { ValueWriter } from './values/value-writer.ts';

/** How iconv-lite calls the character sets that are decoded with its tables. */
const ICONV_NAME: Readonly<Record<string, string>> = {
  armscii8: 'armscii8',
  big5: 'big5hkscs',
  cp1250: 'cp1250',
  cp1251: 'cp1251',
  cp1256: 'cp1256',
  cp1257: 'cp1257',
  cp850: 'cp850',
  cp852: 'cp852',
  cp866: 'cp866',
  cp932: 'cp932',
  eucjpms: 'eucjp',
  euckr: 'euckr',
  gb18030: 'gb18030',
  gb2312: 'gb2312',
  gbk: 'gbk',
  greek: 'iso88597',
  hebrew: 'iso88598',
  koi8r: 'koi8r',
  koi8u: 'koi8u',
  latin2: 'iso88592',
  latin5: 'iso88599',
  latin7: 'iso885913',
  macce: 'maccenteuro',
  macroman: 'macroman',
  sjis: 'cp932',
  tis620: 'tis620',
  ujis: 'eucjp',
};

const writers = new Map<string, ValueWriter>();

/**
 * Writer of text in a MySQL character set as a JSON string.
 *
 * @throws BinlogError CHARSET_UNSUPPORTED
 */
export function textWriter(charset: string): ValueWriter {
  let writer = writers.get(charset);
  if (writer === undefined) writers.set(charset, (writer = makeWriter(charset)));
  return writer;
}

/** Text in a MySQL character set as a string; for names, members and statements. */
export function decodeText(bytes: Buffer, charset: string): string {
  switch (charset) {
    case 'utf8mb4':
    case 'utf8mb3':
    case 'ascii':
    case 'binary':
      return bytes.toString('utf8');
    case 'latin1':
      return decodeLatin1(bytes);
    case 'ucs2':
    case 'utf16':
      return decodeUtf16(bytes, true);
    case 'utf16le':
      return decodeUtf16(bytes, false);
    case 'utf32':
      return decodeUtf32(bytes);
    default:
      return iconv.decode(bytes, iconvName(charset));
  }
}

function makeWriter(charset: string): ValueWriter {
  if (charset === 'utf8mb4' || charset === 'utf8mb3') return writeUtf8;
  if (charset === 'ascii') return asciiWriter();
  if (charset === 'latin1') return singleByteWriter((byte) => decodeLatin1(Buffer.of(byte)));
  decodeText(Buffer.alloc(0), charset);
  return (source, start, end, out) => writeString(decodeText(source.subarray(start, end), charset), out);
}

function iconvName(charset: string): string {
  const name = ICONV_NAME[charset];
  if (name !== undefined) return name;
  const known = isCharset(charset) ? 'cannot be decoded' : 'is not known';
  throw new BinlogError('CHARSET_UNSUPPORTED', `character set ${charset} ${known}`, { charset });
}

/** MySQL's latin1 is cp1252 whose five unassigned bytes are the C1 controls of the same number. */
function decodeLatin1(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[\x80-\x9f]/g, (control) => CP1252_C1[control.charCodeAt(0) - 0x80]!);
}

const CP1252_C1 =
  '\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f' +
  '\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178';

function decodeUtf16(bytes: Buffer, bigEndian: boolean): string {
  const even = Buffer.from(bytes.subarray(0, bytes.length & ~1));
  return (bigEndian ? even.swap16() : even).toString('utf16le');
}

function decodeUtf32(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const code = bytes.readUInt32BE(at);
    text += code <= 0x10_ffff ? String.fromCodePoint(code) : '?';
  }
  return text;
}
