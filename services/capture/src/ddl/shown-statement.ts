import { parseDialect } from './parse-mode.ts';
import { eachToken, type Dialect, type TokenKind } from './sql-lexer.ts';

const LENGTH_MAX = 10_000;

/**
 * A statement as others may see it: comments go, and what is quoted becomes `'…'`, because defaults, comments, options and
 * connection strings of tables may hold what nobody shall read. Names and the members of ENUM and SET stay.
 */
export function shownStatement(sql: string, logged: Dialect): string {
  const members = new Members();
  let line = '';
  eachToken(sql, parseDialect(sql, logged), (kind, token) => {
    if (line.length > LENGTH_MAX) return;
    members.pass(kind, token);
    if (kind === 'text') line += members.open ? token.replace(/\s+/gu, ' ') : "'…'";
    else if (kind !== 'blank') line += token;
    else if (line !== '' && !line.endsWith(' ')) line += ' ';
  });
  return line.length > LENGTH_MAX ? `${line.slice(0, LENGTH_MAX)}…` : line.trimEnd();
}

/** Whether the texts that come now are members of an ENUM or SET: `ENUM ( 'a' , 'b'`. */
class Members {
  open = false;
  #named = false;

  pass(kind: TokenKind, token: string): void {
    if (kind === 'blank') return;
    this.open = (this.#named && token === '(') || (this.open && (kind === 'text' || token === ','));
    this.#named = kind === 'word' && /^(?:ENUM|SET)$/iu.test(token);
  }
}
