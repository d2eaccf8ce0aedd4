import { eachToken, unquoted, type Dialect } from './sql-lexer.ts';
import { parseDialect } from './parse-mode.ts';

/** By a name in lower case the words, in lower case, that stand directly behind it in a statement. */
export type WordsBehindNames = ReadonlyMap<string, readonly string[]>;

/**
 * Where a statement defines a column, a word stands behind its name: the type. Names in the statement that are followed by a sign or
 * by nothing, as in `AFTER id` or `PRIMARY KEY (id)`, define nothing and are not there.
 * @param logged what the binlog says of the session
 */
export function wordsBehindNames(sql: string, logged: Dialect): WordsBehindNames {
  const found = new Map<string, string[]>();
  let name: string | null = null;
  eachToken(sql, parseDialect(sql, logged), (kind, token) => {
    if (kind === 'blank') return;
    if (kind === 'word' && name !== null) found.set(name, [...(found.get(name) ?? []), token.toLowerCase()]);
    if (kind === 'word') name = token.toLowerCase();
    else name = kind === 'name' ? unquoted(token).toLowerCase() : null;
  });
  return found;
}
