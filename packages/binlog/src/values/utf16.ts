/**
 * What becomes of half a surrogate pair, which is no character: a server that is asked for the text in UTF-8 answers with three
 * bytes of CESU-8 (Unicode Technical Report 26), and each of those is no UTF-8.
 */
const HALF = '???';

/** Big endian; has no pairs (MySQL manual, "The ucs2 Character Set"). */
export function decodeUcs2(bytes: Buffer): string {
  return utf16Text(bytes, true).replace(/[\ud800-\udfff]/g, HALF);
}

export function decodeUtf16(bytes: Buffer, bigEndian: boolean): string {
  const text = utf16Text(bytes, bigEndian);
  return text.isWellFormed() ? text : text.replace(/\p{Surrogate}/gu, HALF);
}

function utf16Text(bytes: Buffer, bigEndian: boolean): string {
  const whole = Buffer.from(bytes.subarray(0, bytes.length & ~1));
  return (bigEndian ? whole.swap16() : whole).toString('utf16le');
}

/** UTF-32, big endian. */
export function decodeUtf32(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const point = bytes.readUInt32BE(at);
    if (point >= 0xd800 && point <= 0xdfff) text += HALF;
    else text += point <= 0x10_ffff ? String.fromCodePoint(point) : '?';
  }
  return text;
}
