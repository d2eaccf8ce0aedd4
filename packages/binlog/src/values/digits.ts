/** Decimal digits straight into bytes. All functions take the place to write at and return the place behind. */

const ZERO = 0x30;

/** A whole number from 0 to 2^53 − 1, without leading zeros. */
export function putUnsigned(bytes: Buffer, at: number, value: number): number {
  if (value < 1_000_000_000) return putSmall(bytes, at, value);
  const high = Math.floor(value / 1_000_000_000);
  return putPadded(bytes, putUnsigned(bytes, at, high), value - high * 1_000_000_000, 9);
}

/** A whole number within ±(2^53 − 1). */
export function putInteger(bytes: Buffer, at: number, value: number): number {
  if (value >= 0) return putUnsigned(bytes, at, value);
  bytes[at] = 0x2d;
  return putUnsigned(bytes, at + 1, -value);
}

/** Exactly `width` digits of a number below 2^31; digits that do not fit are cut off on the left. */
export function putPadded(bytes: Buffer, at: number, value: number, width: number): number {
  let rest = value;
  for (let place = at + width - 1; place >= at; place--) {
    const tenth = (rest / 10) | 0;
    bytes[place] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return at + width;
}

export function putTwo(bytes: Buffer, at: number, value: number): number {
  const tenth = (value / 10) | 0;
  bytes[at] = ZERO + tenth;
  bytes[at + 1] = ZERO + value - tenth * 10;
  return at + 2;
}

/** ASCII text, one byte per character. */
export function putAscii(bytes: Buffer, at: number, text: string): number {
  for (let index = 0; index < text.length; index++) bytes[at + index] = text.charCodeAt(index);
  return at + text.length;
}

function putSmall(bytes: Buffer, at: number, value: number): number {
  if (value < 10) {
    bytes[at] = ZERO + value;
    return at + 1;
  }
  return putPadded(bytes, at, value, digitCount(value));
}

function digitCount(value: number): number {
  if (value < 10_000) return value < 100 ? 2 : value < 1_000 ? 3 : 4;
  if (value < 1_000_000) return value < 100_000 ? 5 : 6;
  if (value < 100_000_000) return value < 10_000_000 ? 7 : 8;
  return 9;
}
