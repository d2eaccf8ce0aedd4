import type { ByteWriter } from '../byte-writer.ts';
import { putAscii } from './digits.ts';
import type { ValueWriter } from './value-writer.ts';

const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const PAD = 0x3d;
/** From this length on Buffer's own encoder is faster than a byte loop; a multiple of three. */
const LONG = 192;
const PIECE = 49_152;

/** Bytes as a base64 JSON string. */
export function writeBase64(source: Buffer, start: number, end: number, out: ByteWriter): void {
  out.reserve(Math.ceil((end - start) / 3) * 4 + 2);
  out.bytes[out.position++] = 0x22;
  putBase64(source, start, end, out);
  out.bytes[out.position++] = 0x22;
}

/** BINARY(n): row images leave trailing zero bytes out, the value has them. */
export function paddedBinaryWriter(length: number): ValueWriter {
  const padded = Buffer.alloc(length);
  return (source, start, end, out) => {
    if (end - start >= length) return writeBase64(source, start, end, out);
    padded.fill(0, source.copy(padded, 0, start, end));
    writeBase64(padded, 0, length, out);
  };
}

/** GEOMETRY: 4 bytes SRID little endian, then WKB. An empty value (possible in old tables) has neither. */
export function writeGeometry(source: Buffer, start: number, end: number, out: ByteWriter): void {
  const srid = end - start < 4 ? 0 : source.readUInt32LE(start);
  out.reserve(48);
  out.position = putAscii(out.bytes, out.position, `{"srid":${srid},"wkb":`);
  writeBase64(source, Math.min(start + 4, end), end, out);
  out.reserve(1);
  out.bytes[out.position++] = 0x7d;
}

/** Base64 without quotes; the caller has reserved the room. */
function putBase64(source: Buffer, start: number, end: number, out: ByteWriter): void {
  let at = start;
  while (end - at >= LONG) {
    const stop = Math.min(at + PIECE, end - ((end - at) % 3));
    out.position += out.bytes.write(source.toString('base64', at, stop), out.position, 'latin1');
    at = stop;
  }
  out.position = putShort(source, at, end, out.bytes, out.position);
}

function putShort(source: Buffer, start: number, end: number, bytes: Buffer, place: number): number {
  let to = place;
  let at = start;
  for (; end - at >= 3; at += 3) {
    const group = (source[at]! << 16) | (source[at + 1]! << 8) | source[at + 2]!;
    bytes[to] = ALPHABET[group >> 18]!;
    bytes[to + 1] = ALPHABET[(group >> 12) & 63]!;
    bytes[to + 2] = ALPHABET[(group >> 6) & 63]!;
    bytes[to + 3] = ALPHABET[group & 63]!;
    to += 4;
  }
  if (at === end) return to;
  const group = (source[at]! << 16) | (end - at === 2 ? source[at + 1]! << 8 : 0);
  bytes[to] = ALPHABET[group >> 18]!;
  bytes[to + 1] = ALPHABET[(group >> 12) & 63]!;
  bytes[to + 2] = end - at === 2 ? ALPHABET[(group >> 6) & 63]! : PAD;
  bytes[to + 3] = PAD;
  return to + 4;
}
