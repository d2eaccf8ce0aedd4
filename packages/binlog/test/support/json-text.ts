import { ByteWriter } from '../../src/index.ts';
import type { ValueWriter } from '../../src/values/value-writer.ts';

/** The JSON text that a writer makes of bytes, written into memory that is too small at first. */
export function jsonText(write: ValueWriter, bytes: Buffer): string {
  const out = new ByteWriter(1);
  const framed = Buffer.concat([Buffer.of(0xff), bytes, Buffer.of(0xff)]);
  write(framed, 1, 1 + bytes.length, out);
  return out.bytes.toString('utf8', 0, out.position);
}
