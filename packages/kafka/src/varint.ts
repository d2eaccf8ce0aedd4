/*
 * Zig-zag varints as Kafka's records use them (Kafka documentation, "Message Format"; the encoding of
 * Protocol Buffers' sint32 and sint64): the sign goes to the lowest bit, then seven bits a byte, lowest first.
 */

/** Bytes that `value` (a signed 32-bit integer) takes. */
export function signedVarintWidth(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  if (zigzag < 0x80) return 1;
  if (zigzag < 0x4000) return 2;
  if (zigzag < 0x200000) return 3;
  return zigzag < 0x10000000 ? 4 : 5;
}

/** Writes a signed 32-bit integer; answers the position after it. */
export function writeSignedVarint(bytes: Buffer, position: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  let at = position;
  while (rest >= 0x80) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at] = rest;
  return at + 1;
}

/** The same when the caller knows the width already: no comparison per byte. */
export function writeSignedVarintOfWidth(
  bytes: Buffer,
  position: number,
  value: number,
  width: number,
): void {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  const last = position + width - 1;
  for (let at = position; at < last; at++) {
    bytes[at] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[last] = rest;
}

/** Writes a signed integer of up to 53 bits (a difference of timestamps); answers the position after it. */
export function writeSignedVarlong(bytes: Buffer, position: number, value: number): number {
  if (value >= -0x40000000 && value < 0x40000000) return writeSignedVarint(bytes, position, value);
  // Beyond 31 bits the bit operators would truncate: the same by division, exact up to 2^52.
  let rest = value >= 0 ? value * 2 : value * -2 - 1;
  let at = position;
  while (rest >= 0x80) {
    bytes[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[at] = rest;
  return at + 1;
}

/** Reads a signed integer of up to 53 bits; moves the position behind it. */
export function readSignedVarint(cursor: { readonly bytes: Buffer; position: number }): number {
  let [value, factor] = [0, 1];
  for (;;) {
    const byte = cursor.bytes[cursor.position++] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) break;
    factor *= 0x80;
  }
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
