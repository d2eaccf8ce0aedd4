import { eachToken, type Dialect, type TokenKind } from './sql-lexer.ts';

/** Of a statement that sets much else besides; more is not looked through. */
const PREFIX_MAX = 2000;
const SETS_MODE = /\bSTATEMENT\b[\s\S]*\bsql_mode\b/iu;
/** ANSI_QUOTES, MSSQL, NO_BACKSLASH_ESCAPES: what decides how quotes are read. */
const BITS = [4, 1024, 1_048_576] as const;
const MODES = Array.from({ length: 2 ** BITS.length }, (_, number) =>
  BITS.reduce((mode, bit, place) => mode + ((number >> place) & 1) * bit, 0),
);
/** What a name follows, never a text. */
const BEFORE_NAME =
  /^(?:TABLE|EXISTS|INTO|INSERT|REPLACE|IGNORE|UPDATE|FROM|TRUNCATE|RENAME|TO|ADD|DROP|ALTER|COLUMN|MODIFY|CHANGE|AFTER|INDEX|KEY)$/iu;
/** What a text follows, or a name in backticks. */
const BEFORE_TEXT = /^(?:COMMENT|DEFAULT|=)$/iu;

/**
 * How the server has read a statement. MariaDB reads `SET STATEMENT sql_mode = … FOR …` in the session's mode, and logs it
 * whole with the mode that it sets (seen with 10.11 and 11.8): of all modes the first one, from the logged one on, in which
 * it reads as SQL. Where none does, the logged one.
 */
export function parseDialect(sql: string, logged: Dialect): Dialect {
  const { flavour, sqlMode } = logged;
  if (flavour !== 'mariadb' || !SETS_MODE.test(sql.slice(0, PREFIX_MAX))) return logged;
  const others = MODES.map((mode) => ({ flavour, sqlMode: mode }));
  return [{ flavour, sqlMode }, ...others].find((dialect) => readsAsSql(sql, dialect)) ?? logged;
}

function readsAsSql(sql: string, dialect: Dialect): boolean {
  const last: { kind: TokenKind; token: string } = { kind: 'blank', token: '' };
  let isSql = true;
  // What is left open reaches to the end: over what is put behind the statement.
  eachToken(`${sql}\nEND`, dialect, (kind, token) => {
    if (kind === 'blank') return;
    isSql &&= canFollow(last, kind, token);
    Object.assign(last, { kind, token });
  });
  return isSql && last.kind === 'word' && last.token === 'END';
}

function canFollow(
  before: { readonly kind: TokenKind; readonly token: string },
  kind: TokenKind,
  token: string,
): boolean {
  if (kind === 'sign') return !'\\[]'.includes(token) && (token !== '.' || before.kind !== 'text');
  if (kind === 'text') return before.token !== '.' && !BEFORE_NAME.test(before.token);
  return kind !== 'name' || token.startsWith('`') || !BEFORE_TEXT.test(before.token);
}
