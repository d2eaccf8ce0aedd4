import type { ByteWriter } from '../byte-writer.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

/** JSON text as the server prints it, without the blanks it puts behind colons and commas. */
export function writeCompactJson(text: Buffer, out: ByteWriter): void {
  out.reserve(text.length);
  const bytes = out.bytes;
  let place = out.position;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const byte = text[at]!;
    if (quoted) {
      bytes[place++] = byte;
      if (byte === BACKSLASH && at + 1 < text.length) bytes[place++] = text[++at]!;
      else if (byte === QUOTE) quoted = false;
    } else if (byte !== SPACE) {
      bytes[place++] = byte;
      if (byte === QUOTE) quoted = true;
    }
  }
  out.position = place;
}
