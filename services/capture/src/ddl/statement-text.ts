/** The words of SQL statements: only as much of their grammar as is needed to find names and clauses, never values. */
import type { TableName } from '@sluice/envelope';
import { parseDialect } from './parse-mode.ts';
import { eachToken, unquoted, type Dialect } from './sql-lexer.ts';

/** What follows MariaDB's SET STATEMENT … FOR is executed. */
const WRAPPING = /^SET STATEMENT\b[\s\S]*?\bFOR /iu;
const NAME = /^(?:`((?:[^`]|``)*)`|([\w$\u0080-\u{10ffff}]+))/u;
const OPAQUE = /^(?:''|`(?:[^`]|``)*`)/u;

/**
 * The statement in one spelling whatever the session's: no comments, one space for blanks, names that are quoted in backticks,
 * and empty texts for all that is quoted otherwise. Without MariaDB's SET STATEMENT … FOR.
 * @param logged what the binlog says of the session
 */
export function plainStatement(sql: string, logged: Dialect): string {
  let text = '';
  eachToken(sql, parseDialect(sql, logged), (kind, token) => {
    if (kind === 'name') text += `\`${unquoted(token).replaceAll('`', '``')}\``;
    else if (kind === 'text') text += "''";
    else if (kind !== 'blank') text += token;
    else if (text !== '' && !text.endsWith(' ')) text += ' ';
  });
  while (WRAPPING.test(text)) text = text.replace(WRAPPING, '');
  return text.replace(/[ ;]+$/u, '');
}

function identifier(text: string): { readonly name: string; readonly rest: string } | null {
  const match = NAME.exec(text);
  if (match === null) return null;
  const name = match[1]?.replaceAll('``', '`') ?? match[2] ?? '';
  return { name, rest: text.slice(match[0].length).trimStart() };
}

/** The table that a plain statement's text begins with, and what follows. `.name` is one of the default database. */
export function leadingTable(text: string, database: string): (TableName & { readonly rest: string }) | null {
  const first = identifier(text.replace(/^\. ?/u, ''));
  if (first === null) return null;
  if (!first.rest.startsWith('.')) return { database, table: first.name, rest: first.rest };
  const second = identifier(first.rest.slice(1).trimStart());
  return second === null ? null : { database: first.name, table: second.name, rest: second.rest };
}

/** The table that stands where `pattern` captures it. */
export function tableBehind(pattern: RegExp, text: string, database: string): TableName | null {
  const found = leadingTable(pattern.exec(text)?.[1] ?? '', database);
  return found === null ? null : { database: found.database, table: found.table };
}

/** The parts between the commas that stand in no parentheses and no quotes. */
export function topLevelParts(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (let rest = text; rest !== '';) {
    const unit = OPAQUE.exec(rest)?.[0] ?? rest.charAt(0);
    rest = rest.slice(unit.length);
    if (unit === '(') depth += 1;
    if (unit === ')') depth -= 1;
    if (unit === ',' && depth <= 0) parts.push('');
    else parts[parts.length - 1] += unit;
  }
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}
