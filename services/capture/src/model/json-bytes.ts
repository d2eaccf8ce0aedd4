import type { ByteWriter } from '@sluice/binlog';

/** Up to this length a loop copies faster than a call into the runtime can be made. */
const LOOP_BYTES = 32;
const DOT = 0x2e;
const HALF = 100_000;
const HALF_DIGITS = 5;

/** Appends all of `bytes`: the cheapest copy there is, whatever the length. */
export function appendAll(out: ByteWriter, bytes: Buffer): void {
  const { length } = bytes;
  out.reserve(length);
  out.bytes.set(bytes, out.position);
  out.position += length;
}

/** Appends the beginning of a buffer that is longer: what a scratch writer holds. */
export function append(out: ByteWriter, source: Buffer, length: number): void {
  out.reserve(length);
  const { bytes } = out;
  let position = out.position;
  if (length > LOOP_BYTES) {
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

/** Appends `value / 1000` as JSON.stringify writes it: without zeros at the end of its fraction. */
export function appendThousandths(out: ByteWriter, value: number): void {
  const whole = Math.floor(value / 1000);
  appendInteger(out, whole);
  let fraction = value - whole * 1000;
  if (fraction === 0) return;
  let digits = 3;
  for (; fraction % 10 === 0; digits--) fraction /= 10;
  out.reserve(4);
  out.bytes[out.position] = DOT;
  writeDigits(out.bytes, out.position + 1, fraction, digits);
  out.position += digits + 1;
}

/** Writes `value` right-aligned with leading zeros into `digits` places from `start`. */
export function writeDigits(target: Buffer, start: number, value: number, digits: number): void {
  let rest = value;
  let left = digits;
  // Divisions of small integers are several times cheaper than those of doubles.
  while (left > HALF_DIGITS) {
    const upper = Math.floor(rest / HALF);
    left -= HALF_DIGITS;
    writeSmall(target, start + left, rest - upper * HALF, HALF_DIGITS);
    rest = upper;
  }
  writeSmall(target, start, rest, left);
}

function writeSmall(target: Buffer, start: number, value: number, digits: number): void {
  let rest = value | 0;
  for (let i = start + digits - 1; i >= start; i--) {
    const tenth = (rest / 10) | 0;
    target[i] = 48 + rest - tenth * 10;
    rest = tenth;
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
