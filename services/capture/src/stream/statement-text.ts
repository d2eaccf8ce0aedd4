/** The words of SQL statements: only as much of their grammar as is needed to find names and clauses, never values. */

/** A table as a statement names it. */
export interface TableName {
  readonly database: string;
  readonly table: string;
}

const COMMENT = /^(?:\s+|\/\*(?!M?!)[\s\S]*?\*\/|--[^\n]*(?:\n|$)|#[^\n]*(?:\n|$))+/u;
/** What follows MariaDB's SET STATEMENT … FOR is executed. */
const WRAPPING = /^SET\s+STATEMENT\s[\s\S]*?\sFOR\s/iu;
const IDENTIFIER = /^(?:`((?:[^`]|``)+)`|"((?:[^"]|"")+)"|([^\s`"'.,;/*()=]+))/u;
/** What is quoted: a comma, a parenthesis or the look of a comment in it means nothing. */
const QUOTED = String.raw`'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|\x60(?:[^\x60]|\x60\x60)*\x60`;
const OPAQUE = new RegExp(`^(?:${QUOTED})`, 'su');
/** Of `/*!50000 …` only the marks: its content is executed, as the servers disarm what is not before they log it. */
const COMMENTS_OR_QUOTED = new RegExp(
  String.raw`\/\*(?!M?!)[\s\S]*?\*\/|\/\*M?!\d*|\*\/|--(?=\s)[^\n]*|#[^\n]*|${QUOTED}`,
  'gsu',
);

export function skipBlanks(sql: string): string {
  return sql.replace(COMMENT, '');
}

/** Without comments, also between the words, and without what makes servers of some versions execute it. */
export function unwrap(sql: string): string {
  let text = skipBlanks(sql.replace(COMMENTS_OR_QUOTED, (part) => (/^['"`]/u.test(part) ? part : ' ')));
  while (WRAPPING.test(text)) text = skipBlanks(text.replace(WRAPPING, ''));
  return text;
}

export function identifier(text: string): { readonly name: string; readonly rest: string } | null {
  const match = IDENTIFIER.exec(skipBlanks(text));
  if (match === null) return null;
  const name = match[1]?.replaceAll('``', '`') ?? match[2]?.replaceAll('""', '"') ?? match[3] ?? '';
  return { name, rest: skipBlanks(skipBlanks(text).slice(match[0].length)) };
}

/** The table that `text` begins with, and what follows. */
export function leadingTable(text: string, database: string): (TableName & { readonly rest: string }) | null {
  const first = identifier(text);
  if (first === null) return null;
  if (!first.rest.startsWith('.')) return { database, table: first.name, rest: first.rest };
  const second = identifier(first.rest.slice(1));
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
