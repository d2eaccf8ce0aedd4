import type { ByteWriter } from '../byte-writer.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Shown for bytes that are no character of the text's character set, as the server does when it converts. */
const REPLACEMENT = 0x3f;
const HEX = Buffer.from('0123456789abcdef');

/** What a byte is at the start of a UTF-8 character: a length (1–4), to be escaped in JSON, or never valid. */
const ESCAPE = 5;
const INVALID = 0;
const KIND = new Uint8Array(256);
/** 1 for the bytes that stand for themselves. */
const PLAIN = new Uint8Array(256);
/** The letter of the short escapes: \b \t \n \f \r \" \\ . */
const SHORT_ESCAPE = new Uint8Array(256);

for (let byte = 0; byte < 256; byte++) {
  if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) KIND[byte] = ESCAPE;
  else if (byte < 0x80) KIND[byte] = 1;
  else if (byte < 0xc2) KIND[byte] = INVALID;
  else if (byte < 0xe0) KIND[byte] = 2;
  else if (byte < 0xf0) KIND[byte] = 3;
  else KIND[byte] = byte < 0xf5 ? 4 : INVALID;
  PLAIN[byte] = KIND[byte] === 1 ? 1 : 0;
}
for (const [byte, letter] of ['\bb', '\tt', '\nn', '\ff', '\rr', '""', '\\\\'].map((pair) =>
  Buffer.from(pair),
)) {
  SHORT_ESCAPE[byte!] = letter!;
}

/** A piece whose worst case (every byte escaped to six) is reserved at once: a text of 16 MiB must not take 96. */
const PIECE = 4096;
/** From this length on, runs without escapes are copied as a block. */
const BLOCK_COPY = 64;

/** UTF-8 text as a JSON string, escaped as JSON.stringify does; bytes that are not UTF-8 become `?`. */
export function writeUtf8(source: Buffer, start: number, end: number, out: ByteWriter): void {
  let at = start;
  out.reserve(8);
  out.bytes[out.position++] = QUOTE;
  while (end - at > PIECE) {
    const cut = characterStart(source, at + PIECE);
    putUtf8(source, at, cut, out);
    at = cut;
  }
  putUtf8(source, at, end, out);
  out.bytes[out.position++] = QUOTE;
}

/** A JavaScript string as a JSON string; for texts that are not on the hot path. */
export function writeString(text: string, out: ByteWriter): void {
  const bytes = Buffer.from(text, 'utf8');
  writeUtf8(bytes, 0, bytes.length, out);
}

/** Escaped UTF-8 without quotes; leaves room for at least one byte more. */
export function putUtf8(source: Buffer, start: number, end: number, out: ByteWriter): void {
  out.reserve((end - start) * 6 + 8);
  out.position =
    end - start < BLOCK_COPY
      ? putBytes(source, start, end, out.bytes, out.position)
      : putRuns(source, start, end, out.bytes, out.position);
}

/** One byte that JSON wants escaped; six bytes of room are there. */
export function putEscape(bytes: Buffer, at: number, byte: number): number {
  bytes[at] = BACKSLASH;
  const letter = SHORT_ESCAPE[byte]!;
  if (letter !== 0) {
    bytes[at + 1] = letter;
    return at + 2;
  }
  bytes[at + 1] = 0x75;
  bytes[at + 2] = 0x30;
  bytes[at + 3] = 0x30;
  bytes[at + 4] = HEX[byte >> 4]!;
  bytes[at + 5] = HEX[byte & 15]!;
  return at + 6;
}

export function needsEscape(byte: number): boolean {
  return KIND[byte] === ESCAPE;
}

function putBytes(source: Buffer, start: number, end: number, bytes: Buffer, place: number): number {
  let at = start;
  let to = place;
  while (at < end) {
    const byte = source[at]!;
    const kind = KIND[byte]!;
    if (kind === 1) {
      bytes[to++] = byte;
      at++;
    } else if (kind === ESCAPE) {
      to = putEscape(bytes, to, byte);
      at++;
    } else {
      const length = kind === INVALID ? 0 : characterLength(source, at, end, kind);
      if (length === 0) {
        bytes[to++] = REPLACEMENT;
        at++;
      }
      for (const next = at + length; at < next; at++) bytes[to++] = source[at]!;
    }
  }
  return to;
}

function putRuns(source: Buffer, start: number, end: number, bytes: Buffer, place: number): number {
  let at = start;
  let to = place;
  let run = start;
  while (at < end) {
    at = skipPlain(source, at, end);
    if (at === end) break;
    const byte = source[at]!;
    const kind = KIND[byte]!;
    const length = kind === ESCAPE || kind === INVALID ? 0 : characterLength(source, at, end, kind);
    if (length > 0) {
      at += length;
      continue;
    }
    to += source.copy(bytes, to, run, at);
    if (kind === ESCAPE) to = putEscape(bytes, to, byte);
    else bytes[to++] = REPLACEMENT;
    at++;
    run = at;
  }
  return to + source.copy(bytes, to, run, end);
}

/** The first byte from `at` on that is not copied as it is; four at a time, which halves the price of long texts. */
function skipPlain(source: Buffer, start: number, end: number): number {
  let at = start;
  while (at + 4 <= end) {
    const plain =
      PLAIN[source[at]!]! & PLAIN[source[at + 1]!]! & PLAIN[source[at + 2]!]! & PLAIN[source[at + 3]!]!;
    if (plain === 0) break;
    at += 4;
  }
  while (at < end && PLAIN[source[at]!] === 1) at++;
  return at;
}

/** Length of the character at `at` if it is well-formed UTF-8 (RFC 3629), else 0. */
function characterLength(source: Buffer, at: number, end: number, length: number): number {
  if (at + length > end) return 0;
  const lead = source[at]!;
  const second = source[at + 1]!;
  if ((second & 0xc0) !== 0x80) return 0;
  if (length === 2) return 2;
  if ((source[at + 2]! & 0xc0) !== 0x80) return 0;
  if (length === 3) {
    // Overlong forms and surrogates are no characters.
    if ((lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f)) return 0;
    return 3;
  }
  if ((source[at + 3]! & 0xc0) !== 0x80) return 0;
  return (lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f) ? 0 : 4;
}

/** The last place at or before `at` where a character can start, so that a piece ends between characters. */
function characterStart(source: Buffer, at: number): number {
  for (let back = 0; back < 4; back++) if ((source[at - back]! & 0xc0) !== 0x80) return at - back;
  return at;
}
