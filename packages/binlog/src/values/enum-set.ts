import { ByteWriter } from '../byte-writer.ts';
import { BinlogError } from '../errors.ts';
import { writeString } from './json-string.ts';
import type { ValueWriter } from './value-writer.ts';

const EMPTY = Buffer.from('""');

/** ENUM: the member's name; index 0 is the server's error value, an empty string. */
export function enumWriter(members: readonly string[]): ValueWriter {
  const texts = [EMPTY, ...members.map(jsonString)];
  return (source, start, end, out) => {
    const index = end - start === 1 ? source[start]! : source.readUInt16LE(start);
    const text = texts[index];
    if (text === undefined) {
      throw new BinlogError('VALUE_INVALID', 'an ENUM value has an index beyond its members', { index });
    }
    out.reserve(text.length);
    out.position += text.copy(out.bytes, out.position);
  };
}

/** SET: the names of the members whose bit is set, in the order of the declaration, joined by commas. */
export function setWriter(members: readonly string[]): ValueWriter {
  const texts = members.map((member) => jsonString(member).subarray(1, -1));
  const longest = texts.reduce((sum, text) => sum + text.length + 1, 2);
  return (source, start, end, out) => {
    out.reserve(longest);
    const first = out.position;
    out.bytes[out.position++] = 0x22;
    for (let index = 0; index < (end - start) * 8; index++) {
      if ((source[start + (index >> 3)]! & (1 << (index & 7))) === 0) continue;
      const text = texts[index];
      if (text === undefined) {
        throw new BinlogError('VALUE_INVALID', 'a SET value has a bit beyond its members', { index });
      }
      if (out.position > first + 1) out.bytes[out.position++] = 0x2c;
      out.position += text.copy(out.bytes, out.position);
    }
    out.bytes[out.position++] = 0x22;
  };
}

function jsonString(text: string): Buffer {
  const out = new ByteWriter(text.length * 6 + 64);
  writeString(text, out);
  return Buffer.from(out.bytes.subarray(0, out.position));
}
