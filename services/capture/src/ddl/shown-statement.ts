import { parseDialect } from './parse-mode.ts';
import { eachToken, type Dialect, type TokenKind } from './sql-lexer.ts';

const LENGTH_MAX = 10_000;
const NUMBER = /^(?:\d+(?:e\d*)?|0x[\da-f]+|0b[01]+)$/iu;
/** What lengths stand behind, in parentheses. */
const SIZED =
  /^(?:BIT|(?:TINY|SMALL|MEDIUM|BIG)?INT|INT[1-8]|MIDDLEINT|INTEGER|DEC|DECIMAL|NUMERIC|FIXED|FLOAT|FLOAT[48]|DOUBLE|PRECISION|REAL|NUMBER|YEAR|TIME|DATETIME|TIMESTAMP|CHAR|CHARACTER|NCHAR|VARCHAR|VARCHARACTER|VARCHAR2|NVARCHAR|VARYING|BINARY|VARBINARY|RAW|TEXT|BLOB|VECTOR|CURRENT_TIMESTAMP|NOW|LOCALTIME|LOCALTIMESTAMP)$/iu;

/**
 * A statement as others may see it: comments go, each literal becomes `…` (a text `'…'`), and nothing stays of a query that fills a
 * table, because defaults, members, comments, partitions, options and connection strings may hold what nobody shall read. Names and
 * the lengths of types stay.
 */
export function shownStatement(sql: string, logged: Dialect): string {
  const lengths = new Lengths();
  let line = '';
  let isQuery = false;
  eachToken(sql, parseDialect(sql, logged), (kind, token) => {
    if (line.length > LENGTH_MAX || isQuery) return;
    lengths.pass(kind, token);
    isQuery = kind === 'word' && /^SELECT$/iu.test(token);
    if (isQuery) line += `${token} …`;
    else if (kind === 'text') line += "'…'";
    else if (kind === 'word' && NUMBER.test(token) && !lengths.open) line = `${line.replace(/…\.$/u, '')}…`;
    else if (kind !== 'blank') line += token;
    else if (line !== '' && !line.endsWith(' ')) line += ' ';
  });
  return line.length > LENGTH_MAX ? `${line.slice(0, LENGTH_MAX)}…` : line.trimEnd();
}

/** Whether the numbers that come now are lengths: `DECIMAL ( 10 , 2`. */
class Lengths {
  open = false;
  #named = false;

  pass(kind: TokenKind, token: string): void {
    if (kind === 'blank') return;
    const goesOn = token === ',' || (kind === 'word' && /^\d+$/u.test(token));
    this.open = (this.#named && token === '(') || (this.open && goesOn);
    this.#named = kind === 'word' && SIZED.test(token);
  }
}
