import { isCharset } from './collations.ts';
import { BinlogError } from './errors.ts';
import { writeString, writeUtf8 } from './values/json-string.ts';
import { multiByteDecoder } from './values/multi-byte.ts';
import { singleByteText, singleByteWriter } from './values/single-byte.ts';
import { decodeUcs2, decodeUtf16, decodeUtf32 } from './values/utf16.ts';
import type { ValueWriter } from './values/value-writer.ts';

type Decode = (bytes: Buffer) => string;

const decoders = new Map<string, Decode>();
const writers = new Map<string, ValueWriter>();

/**
 * Writer of text in a MySQL character set as a JSON string, with the characters that the server converts it to.
 *
 * @throws BinlogError CHARSET_UNSUPPORTED
 */
export function textWriter(charset: string): ValueWriter {
  let writer = writers.get(charset);
  if (writer === undefined) writers.set(charset, (writer = makeWriter(charset)));
  return writer;
}

/**
 * Text in a MySQL character set as a string; for names, members and statements.
 *
 * @throws BinlogError CHARSET_UNSUPPORTED
 */
export function decodeText(bytes: Buffer, charset: string): string {
  let decode = decoders.get(charset);
  if (decode === undefined) decoders.set(charset, (decode = makeDecoder(charset)));
  return decode(bytes);
}

function makeWriter(charset: string): ValueWriter {
  if (charset === 'utf8mb4' || charset === 'utf8mb3') return writeUtf8;
  const textOf = singleByteText(charset);
  if (textOf !== null) return singleByteWriter(textOf);
  decodeText(Buffer.alloc(0), charset);
  return (source, start, end, out) => {
    writeString(decodeText(source.subarray(start, end), charset), out);
  };
}

function makeDecoder(charset: string): Decode {
  switch (charset) {
    case 'utf8mb4':
    case 'utf8mb3':
    case 'binary':
      return (bytes) => bytes.toString('utf8');
    case 'ucs2':
      return decodeUcs2;
    case 'utf16':
      return (bytes) => decodeUtf16(bytes, true);
    case 'utf16le':
      return (bytes) => decodeUtf16(bytes, false);
    case 'utf32':
      return decodeUtf32;
    default:
      return singleByteDecoder(charset) ?? multiByteDecoder(charset) ?? refuse(charset);
  }
}

function singleByteDecoder(charset: string): Decode | null {
  const textOf = singleByteText(charset);
  return textOf === null ? null : (bytes) => Array.from(bytes, textOf).join('');
}

function refuse(charset: string): never {
  const why = isCharset(charset) ? 'cannot be decoded' : 'is not known';
  throw new BinlogError('CHARSET_UNSUPPORTED', `character set ${charset} ${why}`, { charset });
}
