/** What a statement outside of row events means for captured tables. Recognised by its first words, never parsed whole. */
export type Statement =
  | { readonly kind: 'truncate'; readonly database: string; readonly table: string }
  | { readonly kind: 'xa'; readonly sql: string }
  | { readonly kind: 'ddl'; readonly verb: string }
  | { readonly kind: 'other' };

const COMMENT = /^(?:\s+|\/\*(?!!)[\s\S]*?\*\/|--[^\n]*(?:\n|$)|#[^\n]*(?:\n|$))+/u;
const TRUNCATE = /^TRUNCATE(?:\s+TABLE)?\s+(.+)$/isu;
const DDL = /^(CREATE|ALTER|DROP|RENAME)\b/iu;
const IDENTIFIER = /^(?:`((?:[^`]|``)+)`|"((?:[^"]|"")+)"|([^\s`".;/]+))/u;

function skipBlanks(sql: string): string {
  return sql.replace(COMMENT, '');
}

function identifier(text: string): { readonly name: string; readonly rest: string } | null {
  const match = IDENTIFIER.exec(skipBlanks(text));
  if (match === null) return null;
  const name = match[1]?.replaceAll('``', '`') ?? match[2]?.replaceAll('""', '"') ?? match[3] ?? '';
  return { name, rest: skipBlanks(skipBlanks(text).slice(match[0].length)) };
}

function tableName(
  text: string,
  database: string,
): { readonly database: string; readonly table: string } | null {
  const first = identifier(text);
  if (first === null) return null;
  if (!first.rest.startsWith('.')) return { database, table: first.name };
  const second = identifier(first.rest.slice(1));
  return second === null ? null : { database: first.name, table: second.name };
}

/** @param database the session's default database, for names without one */
export function classifyStatement(sql: string, database: string): Statement {
  const text = skipBlanks(sql);
  const truncate = TRUNCATE.exec(text);
  if (truncate !== null) {
    const target = tableName(truncate[1] ?? '', database);
    if (target !== null) return { kind: 'truncate', ...target };
  }
  if (/^XA\s/iu.test(text)) return { kind: 'xa', sql: text };
  const ddl = DDL.exec(text);
  return ddl === null ? { kind: 'other' } : { kind: 'ddl', verb: (ddl[1] ?? '').toUpperCase() };
}
