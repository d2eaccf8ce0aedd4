/** UCS-2 and UTF-16; half a surrogate pair is no character. */
export function decodeUtf16(bytes: Buffer, bigEndian: boolean): string {
  const whole = Buffer.from(bytes.subarray(0, bytes.length & ~1));
  const text = (bigEndian ? whole.swap16() : whole).toString('utf16le');
  return text.isWellFormed() ? text : text.replace(/\p{Surrogate}/gu, '?');
}

/** UTF-32, big endian. */
export function decodeUtf32(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const point = bytes.readUInt32BE(at);
    const valid = point <= 0x10_ffff && !(point >= 0xd800 && point <= 0xdfff);
    text += valid ? String.fromCodePoint(point) : '?';
  }
  return text;
}
