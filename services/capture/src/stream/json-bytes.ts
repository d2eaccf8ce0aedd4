import type { ByteWriter } from '@sluice/binlog';

/** Appends prepared bytes. Short runs are copied by hand: a call into the runtime costs more than the loop. */
export function append(out: ByteWriter, source: Buffer, length: number): void {
  out.reserve(length);
  const { bytes } = out;
  let position = out.position;
  if (length > 48) {
    source.copy(bytes, position, 0, length);
    position += length;
  } else {
    for (let i = 0; i < length; i++) bytes[position++] = source[i] as number;
  }
  out.position = position;
}

/** Appends a non-negative safe integer in decimal. */
export function appendInteger(out: ByteWriter, value: number): void {
  out.reserve(16);
  let digits = 1;
  for (let limit = 10; value >= limit && digits < 16; limit *= 10) digits++;
  writeDigits(out.bytes, out.position, value, digits);
  out.position += digits;
}

/** Writes `value` right-aligned with leading zeros into `digits` places from `start`. */
export function writeDigits(target: Buffer, start: number, value: number, digits: number): void {
  let rest = value;
  for (let i = start + digits - 1; i >= start; i--) {
    const next = Math.floor(rest / 10);
    target[i] = 48 + (rest - next * 10);
    rest = next;
  }
}

/** Appends any text as UTF-8. */
export function appendText(out: ByteWriter, text: string): void {
  out.reserve(text.length * 3);
  out.position += out.bytes.write(text, out.position, 'utf8');
}

/** Appends text that is known to be ASCII and free of characters JSON escapes (digits, GTIDs, our own constants). */
export function appendAscii(out: ByteWriter, text: string): void {
  out.reserve(text.length);
  out.bytes.write(text, out.position, 'latin1');
  out.position += text.length;
}
