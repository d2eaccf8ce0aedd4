const LENGTH_MAX = 10_000;
const ANSI_QUOTES = 4;
const TEXT = String.raw`'(?:[^'\\]|\\.|'')*'`;
const DOUBLE = String.raw`"(?:[^"\\]|\\.|"")*"`;
const NAME = String.raw`\x60(?:[^\x60]|\x60\x60)*\x60`;
const COMMENT = String.raw`\/\*(?!M?!)[\s\S]*?\*\/|--(?=\s)[^\n]*|#[^\n]*`;
const MEMBERS = String.raw`\b(?:ENUM|SET)\s*\(\s*${TEXT}(?:\s*,\s*${TEXT})*\s*\)`;
const PARTS = new RegExp(`${COMMENT}|${NAME}|${MEMBERS}|${TEXT}|${DOUBLE}`, 'gisu');

/**
 * A statement as others may see it: comments go, and what is quoted becomes `'…'`, because defaults, comments, options and
 * connection strings of tables may hold what nobody shall read. Names and the members of ENUM and SET stay.
 *
 * @param sqlMode of the session (`sql_mode` as a number): whether double quotes are around names
 */
export function shownStatement(sql: string, sqlMode = 0): string {
  const text = sql.replace(PARTS, (part) => {
    if (part.startsWith("'")) return "'…'";
    if (part.startsWith('"')) return (sqlMode & ANSI_QUOTES) === 0 ? '"…"' : part;
    return /^(?:\/\*|--|#)/u.test(part) ? ' ' : part;
  });
  const line = text.replace(/\s+/gu, ' ').trim();
  return line.length > LENGTH_MAX ? `${line.slice(0, LENGTH_MAX)}…` : line;
}
