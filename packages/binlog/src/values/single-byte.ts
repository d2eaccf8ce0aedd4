import { UPPER_HALVES } from './upper-halves.ts';
import { needsEscape, putEscape } from './json-string.ts';
import type { ValueWriter } from './value-writer.ts';

/** Bytes reserved at once for a long text: room for 4,096 characters of six bytes. */
const PIECE = 4096;

/** Writer for a character set of one byte per character, given the text of each byte. */
export function singleByteWriter(textOf: (byte: number) => string): ValueWriter {
  const lengths = new Uint8Array(256);
  const texts = new Uint8Array(256 * 4);
  for (let byte = 0; byte < 256; byte++) {
    const text = Buffer.from(textOf(byte), 'utf8');
    // A control or quote is escaped whatever byte stands for it; length 0 marks it.
    if (text.length === 1 && needsEscape(text[0]!)) texts[byte * 4] = text[0]!;
    else {
      lengths[byte] = text.length;
      texts.set(text, byte * 4);
    }
  }
  return (source, start, end, out) => {
    out.reserve(8);
    out.bytes[out.position++] = 0x22;
    for (let at = start; at < end;) {
      const stop = Math.min(end, at + PIECE);
      out.reserve((stop - at) * 6 + 8);
      const bytes = out.bytes;
      let place = out.position;
      for (; at < stop; at++) {
        const byte = source[at]!;
        const length = lengths[byte]!;
        if (length === 1) bytes[place++] = texts[byte * 4]!;
        else if (length === 0) place = putEscape(bytes, place, texts[byte * 4]!);
        else for (let index = 0; index < length; index++) bytes[place++] = texts[byte * 4 + index]!;
      }
      out.position = place;
    }
    out.bytes[out.position++] = 0x22;
  };
}

/** swe7 puts letters where ASCII has brackets and accents. */
const SWE7: Readonly<Record<string, string>> = {
  '@': 'É',
  '[': 'Ä',
  '\\': 'Ö',
  ']': 'Å',
  '^': 'Ü',
  '`': 'é',
  '{': 'ä',
  '|': 'ö',
  '}': 'å',
  '~': 'ü',
  '\x7f': '?',
};

/** The character that a byte stands for (`?` for none); null when the character set is not of one byte a character. */
export function singleByteText(charset: string): ((byte: number) => string) | null {
  const upper = charset === 'ascii' || charset === 'swe7' ? '' : UPPER_HALVES[charset];
  if (upper === undefined) return null;
  const lower = charset === 'swe7' ? SWE7 : {};
  return (byte) => {
    if (byte >= 0x80) return upper[byte - 0x80] ?? '?';
    const character = String.fromCharCode(byte);
    return lower[character] ?? character;
  };
}
