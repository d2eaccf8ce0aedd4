/** Pieces of SQL that a snapshot's SELECT is made of and that come from outside: from an order, and from a checkpoint. */

/** Characters of a condition. */
export const CONDITION_MAX = 4000;
/** A text or a quoted name, with doubled and escaped quotes inside; then what ends a statement, hides a part of it, or opens and closes. */
const TOKEN = /'(?:[^'\\]|\\[^]|'')*'|"(?:[^"\\]|\\[^]|"")*"|`(?:[^`]|``)*`|--|#|\/\*|;|['"`()]|[\w@]+/gu;
const REFUSED_WORDS = new Set(['select', 'table', 'into', 'for', 'lock', 'union', 'limit', 'order', 'group']);

/**
 * What is wrong with a condition as a piece of SQL; null when it can stand between brackets and speaks of one row only.
 * Whether its columns exist is for the server to say.
 */
export function conditionProblem(condition: string): string | null {
  if (condition.trim() === '') return 'it is empty';
  if (condition.length > CONDITION_MAX) return `it is longer than ${CONDITION_MAX} characters`;
  let depth = 0;
  for (const [token] of condition.matchAll(TOKEN)) {
    if (token === '(') depth++;
    else if (token === ')') depth--;
    else if (/^(?:--|#|\/\*|;)$/u.test(token)) return `${token} is not allowed outside of a text`;
    else if (/^['"`]$/u.test(token)) return 'a quote is not closed';
    else if (token.startsWith('@')) return 'variables are not allowed';
    else if (REFUSED_WORDS.has(token.toLowerCase()))
      return `it may only speak of the row itself, without ${token}`;
    if (depth < 0) return 'a bracket is closed that was not opened';
  }
  return depth === 0 ? null : 'a bracket is not closed';
}

/** A literal as `keyLiteral` writes it: a number, bytes, or a text in its bytes. */
const KEY_LITERAL = /^(?:-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|(?:_utf8mb4 )?(?:''|0x[0-9a-f]+))$/iu;

export function isKeyLiteral(text: string): boolean {
  return KEY_LITERAL.test(text);
}
