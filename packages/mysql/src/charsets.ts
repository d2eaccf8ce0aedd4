/** Whether texts of this character set compare with those of our sessions, utf8mb4, byte by byte. */
export function isUtf8Charset(charset: string): boolean {
  return /^(utf8|utf8mb3|utf8mb4|ascii)$/.test(charset);
}
