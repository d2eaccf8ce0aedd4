/** Whether no ASCII character is one byte in this character set (MySQL manual, "Unicode Support"). */
export function isWideCharset(charset: string | null): charset is string {
  return charset !== null && /^(ucs2|utf16|utf16le|utf32)$/.test(charset);
}
