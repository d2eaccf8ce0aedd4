/** How a session's statements are to be read: https://dev.mysql.com/doc/refman/8.4/en/sql-mode.html */
export interface Dialect {
  readonly flavour: 'mysql' | 'mariadb';
  /** `sql_mode` as a number. */
  readonly sqlMode: number;
}

/**
 * A piece of a statement: a word (also a keyword or a number), a quoted name, a quoted text, blanks (also comments and the
 * marks of a comment whose content is executed), or another single character.
 */
export type TokenKind = 'word' | 'name' | 'text' | 'blank' | 'sign';

const ANSI_QUOTES = 4;
/** MariaDB's `MSSQL`: names stand in brackets too. */
const MSSQL = 1024;
const NO_BACKSLASH_ESCAPES = 1_048_576;

const WORD = String.raw`[\w$\u0080-\u{10ffff}]+`;
const BACKTICKS = String.raw`\x60(?:[^\x60]|\x60\x60)*(?:\x60|$)`;
const BRACKETS = String.raw`\[(?:[^\]]|\]\])*(?:\]|$)`;
/** A `--` begins a comment only before a blank, a control character or the end. */
const LINE_COMMENT = String.raw`#[^\n]*|--(?=[\x00-\x20\x7f]|$)[^\n]*`;

const lexers = new Map<string, RegExp>();

/** Hands every token of the statement to `visit`, in order; together they are the statement. */
export function eachToken(
  sql: string,
  dialect: Dialect,
  visit: (kind: TokenKind, text: string) => void,
): void {
  for (const { 0: text, groups } of sql.matchAll(lexerOf(dialect))) visit(kindOf(groups), text);
}

/** The name that a quoted one stands for. */
export function unquoted(name: string): string {
  const quote = name.startsWith('[') ? ']' : name.charAt(0);
  return name.slice(1, name.endsWith(quote) ? -1 : undefined).replaceAll(quote + quote, quote);
}

function kindOf(groups: Readonly<Record<string, string | undefined>> | undefined): TokenKind {
  if (groups?.['word'] !== undefined) return 'word';
  if (groups?.['name'] !== undefined) return 'name';
  if (groups?.['text'] !== undefined) return 'text';
  return groups?.['blank'] === undefined ? 'sign' : 'blank';
}

function lexerOf({ flavour, sqlMode }: Dialect): RegExp {
  const ansi = (sqlMode & ANSI_QUOTES) !== 0;
  const escapes = (sqlMode & NO_BACKSLASH_ESCAPES) === 0;
  const brackets = flavour === 'mariadb' && (sqlMode & MSSQL) !== 0;
  const id = [flavour, ansi, escapes, brackets].join();
  let lexer = lexers.get(id);
  if (lexer === undefined) lexers.set(id, (lexer = makeLexer(flavour, ansi, escapes, brackets)));
  return lexer;
}

function makeLexer(flavour: Dialect['flavour'], ansi: boolean, escapes: boolean, brackets: boolean): RegExp {
  // The servers disarm what they do not execute before they log it, so what is armed was executed.
  const mark = flavour === 'mariadb' ? 'M?!' : '!';
  const comment = String.raw`\/\*(?!${mark})[\s\S]*?(?:\*\/|$)|\/\*${mark}(?:\d{5,6})?|\*\/|${LINE_COMMENT}`;
  const quotedBy = (quote: string): string =>
    escapes
      ? String.raw`${quote}(?:[^${quote}\\]|\\[\s\S]|${quote}${quote})*(?:${quote}|\\?$)`
      : `${quote}(?:[^${quote}]|${quote}${quote})*(?:${quote}|$)`;
  const names = [BACKTICKS, ...(ansi ? ['"(?:[^"]|"")*(?:"|$)'] : []), ...(brackets ? [BRACKETS] : [])];
  const texts = [quotedBy("'"), ...(ansi ? [] : [quotedBy('"')])];
  const blank = String.raw`[\x00\t-\r ]+|${comment}`;
  return new RegExp(
    `(?<blank>${blank})|(?<word>${WORD})|(?<name>${names.join('|')})|(?<text>${texts.join('|')})|[\\s\\S]`,
    'gu',
  );
}
