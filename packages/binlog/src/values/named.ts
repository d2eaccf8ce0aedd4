import type { ByteWriter } from '../byte-writer.ts';
import { putAscii, putUnsigned } from './digits.ts';

const QUOTE = 0x22;
const DASH = 0x2d;
const POINT = 0x2e;
const HEX = Buffer.from('0123456789abcdef');
const WORDS = 8;
const UUID_BYTES = 16;
const IPV4_BYTES = 4;

/** UUID: lower-case digits with dashes. The binlog has the bytes in the order of the text, however they are stored. */
export function writeUuid(source: Buffer, start: number, end: number, out: ByteWriter): void {
  out.reserve(40);
  const { bytes } = out;
  let place = out.position;
  bytes[place++] = QUOTE;
  for (let index = 0; index < UUID_BYTES; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) bytes[place++] = DASH;
    const byte = byteAt(source, start + index, end);
    bytes[place++] = HEX[byte >> 4]!;
    bytes[place++] = HEX[byte & 15]!;
  }
  bytes[place++] = QUOTE;
  out.position = place;
}

/** INET4: four numbers with points. */
export function writeInet4(source: Buffer, start: number, end: number, out: ByteWriter): void {
  out.reserve(20);
  out.bytes[out.position++] = QUOTE;
  out.position = putAddress4(source, start, end, out.bytes, out.position);
  out.bytes[out.position++] = QUOTE;
}

/**
 * INET6 as MariaDB shows it: the longest run of zero words (the first of equals, even a single word) is `::`; behind
 * 80 or 96 leading zero bits the last four bytes stand as INET4.
 */
export function writeInet6(source: Buffer, start: number, end: number, out: ByteWriter): void {
  const words = Array.from(
    { length: WORDS },
    (_, index) => byteAt(source, start + 2 * index, end) * 256 + byteAt(source, start + 2 * index + 1, end),
  );
  const gap = longestGap(words);
  out.reserve(48);
  const { bytes } = out;
  let place = putAscii(bytes, out.position, '"');
  for (let index = 0; index < WORDS; index++) {
    if (index === gap.start) {
      place = putAscii(bytes, place, index === 0 ? '::' : ':');
      index += gap.length - 1;
    } else if (index === 6 && embedsAddress4(gap, words)) {
      place = putAddress4(source, start + 12, end, bytes, place);
      break;
    } else {
      place = putAscii(bytes, place, words[index]!.toString(16));
      if (index + 1 < WORDS) bytes[place++] = 0x3a;
    }
  }
  bytes[place++] = QUOTE;
  out.position = place;
}

interface Gap {
  readonly start: number;
  readonly length: number;
}

function longestGap(words: readonly number[]): Gap {
  let longest: Gap = { start: -1, length: 0 };
  for (let start = 0; start < words.length; start++) {
    let end = start;
    while (words[end] === 0) end++;
    if (end - start > longest.length) longest = { start, length: end - start };
    start = Math.max(start, end - 1);
  }
  return longest;
}

/** IPv4-compatible (`::1.2.3.4`) and IPv4-mapped (`::ffff:1.2.3.4`) addresses. */
function embedsAddress4(gap: Gap, words: readonly number[]): boolean {
  return gap.start === 0 && (gap.length === 6 || (gap.length === 5 && words[5] === 0xffff));
}

function putAddress4(source: Buffer, start: number, end: number, bytes: Buffer, at: number): number {
  let place = at;
  for (let index = 0; index < IPV4_BYTES; index++) {
    if (index > 0) bytes[place++] = POINT;
    place = putUnsigned(bytes, place, byteAt(source, start + index, end));
  }
  return place;
}

/** Row images leave trailing zero bytes of BINARY columns out. */
function byteAt(source: Buffer, at: number, end: number): number {
  return at < end ? source[at]! : 0;
}
