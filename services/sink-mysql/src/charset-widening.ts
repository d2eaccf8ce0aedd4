/** Character sets of four-byte Unicode: each holds every character that a server knows. */
const WHOLE_UNICODE = new Set(['utf8mb4', 'utf16', 'utf16le', 'utf32']);
/** Of the Basic Multilingual Plane alone. All others but the whole of Unicode and gb18030 map into it (MySQL manual, "Supported Character Sets and Collations"). */
const UNICODE_PLANE_0 = new Set(['utf8mb3', 'ucs2']);
/** Its codes of the ASCII range are other characters. */
const NOT_ASCII = 'swe7';

/** Whether every character of `narrow` is one of `wide`. Names as information_schema has them; `utf8` is utf8mb3. */
export function holdsCharset(wide: string, narrow: string): boolean {
  const [large, small] = [named(wide), named(narrow)];
  if (large === small || WHOLE_UNICODE.has(large)) return true;
  if (WHOLE_UNICODE.has(small) || small === 'gb18030') return false;
  return UNICODE_PLANE_0.has(large) || (small === 'ascii' && large !== NOT_ASCII && large !== 'binary');
}

/** The narrowest of both and utf8mb4 that holds every character of both. */
export function commonCharset(present: string, wanted: string): string {
  if (holdsCharset(present, wanted)) return present;
  return holdsCharset(wanted, present) ? wanted : 'utf8mb4';
}

function named(charset: string): string {
  return charset === 'utf8' ? 'utf8mb3' : charset;
}
