/** A table as a statement names it. */
export interface TableName {
  readonly database: string;
  readonly table: string;
}

/** What a DDL statement does to the names of tables. */
export interface NameChanges {
  /** The table that a CREATE TABLE makes, or finds if it says IF NOT EXISTS. */
  readonly created: TableName | null;
  /** That it was not there before: it is empty now. */
  readonly isNew: boolean;
  /**
   * Tables with other rows from now on than the stream has told: those that got their names, and those whose partitions or
   * tablespaces were thrown away or exchanged.
   */
  readonly renamedTo: readonly TableName[];
}

/** What a statement outside of row events means for captured tables. Recognised by its first words, never parsed whole. */
export type Statement =
  | ({ readonly kind: 'truncate' } & TableName)
  | ({ readonly kind: 'ddl' } & NameChanges)
  | { readonly kind: 'xa'; readonly sql: string }
  /** Also back to a savepoint. */
  | { readonly kind: 'rollback' }
  /** A change of rows that was logged as its text. `table` is null when it is not plain which one it changes. */
  | { readonly kind: 'rows'; readonly verb: string; readonly table: TableName | null }
  | { readonly kind: 'other' };

const COMMENT = /^(?:\s+|\/\*(?!M?!)[\s\S]*?\*\/|--[^\n]*(?:\n|$)|#[^\n]*(?:\n|$))+/u;
/** `/*!50000 …` is executed; so is what follows MariaDB's SET STATEMENT … FOR. */
const WRAPPING = /^(?:\/\*M?!\d*|SET\s+STATEMENT\s[\s\S]*?\sFOR\s)/iu;
const TRUNCATE = /^TRUNCATE(?:\s+TABLE)?\s+(.+)$/isu;
/** So servers log that they emptied a table in memory after a restart. */
const DELETE_ALL = /^DELETE\s+FROM\s+(.+)$/isu;
const DDL = /^(CREATE|ALTER|DROP|RENAME)\b/iu;
const CREATE_TABLE = /^CREATE\s+(?:OR\s+REPLACE\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(.+)$/isu;
const CREATE_IF_MISSING = /^CREATE\s+TABLE\s+IF\s+NOT\s/iu;
const RENAME_TABLES = /^RENAME\s+TABLES?\s+(?:IF\s+EXISTS\s+)?(.+)$/isu;
const RENAME_TO = /^(?:NOWAIT\s+|WAIT\s+\d+\s+)?TO\s+(.+)$/isu;
const ALTER_RENAME = /^ALTER\s.*?\bRENAME\s+(?!COLUMN\b|INDEX\b|KEY\b)(?:(?:TO|AS)\s+|=\s*)?(.+)$/isu;
const ROWS = /^(INSERT|REPLACE|UPDATE|DELETE|LOAD|WITH)\b/iu;
/** The plain forms of such a change, each up to the name of its table, and what may follow the name. */
const PLAIN_CHANGES: readonly { readonly head: RegExp; readonly tail: RegExp }[] = [
  {
    head: /^(?:INSERT|REPLACE)\s+(?:(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE)\s+)*(?:INTO\s+)?(.+)$/isu,
    tail: /^/u,
  },
  { head: /^UPDATE\s+(?:(?:LOW_PRIORITY|IGNORE)\s+)*(.+)$/isu, tail: /^SET\b/iu },
  {
    head: /^DELETE\s+(?:(?:LOW_PRIORITY|QUICK|IGNORE)\s+)*FROM\s+(.+)$/isu,
    tail: /^(?:$|;|WHERE\b|ORDER\b|LIMIT\b)/iu,
  },
  { head: /^LOAD\s+DATA\s.*?\sINTO\s+TABLE\s+(.+)$/isu, tail: /^/u },
];
const ALTER_CONTENT =
  /^ALTER\s+(?:ONLINE\s+|IGNORE\s+)*TABLE\s+(?:IF\s+EXISTS\s+)?(?=.*\b(?:DROP|TRUNCATE|EXCHANGE|CONVERT|DISCARD|IMPORT)\s+(?:PARTITION|TABLESPACE|TABLE)\b)(.+)$/isu;
const IDENTIFIER = /^(?:`((?:[^`]|``)+)`|"((?:[^"]|"")+)"|([^\s`"'.,;/*()=]+))/u;

function skipBlanks(sql: string): string {
  return sql.replace(COMMENT, '');
}

function unwrap(sql: string): string {
  let text = skipBlanks(sql);
  while (WRAPPING.test(text)) text = skipBlanks(text.replace(WRAPPING, ''));
  return text;
}

function identifier(text: string): { readonly name: string; readonly rest: string } | null {
  const match = IDENTIFIER.exec(skipBlanks(text));
  if (match === null) return null;
  const name = match[1]?.replaceAll('``', '`') ?? match[2]?.replaceAll('""', '"') ?? match[3] ?? '';
  return { name, rest: skipBlanks(skipBlanks(text).slice(match[0].length)) };
}

/** The table that `text` begins with, and what follows. */
function leadingTable(text: string, database: string): (TableName & { readonly rest: string }) | null {
  const first = identifier(text);
  if (first === null) return null;
  if (!first.rest.startsWith('.')) return { database, table: first.name, rest: first.rest };
  const second = identifier(first.rest.slice(1));
  return second === null ? null : { database: first.name, table: second.name, rest: second.rest };
}

function tableBehind(pattern: RegExp, text: string, database: string): TableName | null {
  const found = leadingTable(pattern.exec(text)?.[1] ?? '', database);
  return found === null ? null : { database: found.database, table: found.table };
}

/** @param database the session's default database, for names without one */
export function classifyStatement(sql: string, database: string): Statement {
  const text = unwrap(sql);
  const truncated = tableBehind(TRUNCATE, text, database);
  if (truncated !== null) return { kind: 'truncate', ...truncated };
  if (/^XA\s/iu.test(text)) return { kind: 'xa', sql: text };
  if (/^ROLLBACK\b/iu.test(text)) return { kind: 'rollback' };
  if (DDL.test(text)) return { kind: 'ddl', ...nameChanges(text, database) };
  const verb = ROWS.exec(text)?.[1]?.toUpperCase();
  return verb === undefined ? { kind: 'other' } : rowsStatement(verb, text, database);
}

function nameChanges(text: string, database: string): NameChanges {
  const created = tableBehind(CREATE_TABLE, text, database);
  const altered = [ALTER_RENAME, ALTER_CONTENT].flatMap((form) => tableBehind(form, text, database) ?? []);
  const renamedTo = [...altered, ...renames(RENAME_TABLES.exec(text)?.[1] ?? '', database)];
  return { created, isNew: created !== null && !CREATE_IF_MISSING.test(text), renamedTo };
}

/** The new names in `a TO b, c TO d`. */
function renames(list: string, database: string): TableName[] {
  const found: TableName[] = [];
  for (let rest = list; rest !== '';) {
    const from = leadingTable(rest, database);
    const to = leadingTable(RENAME_TO.exec(from?.rest ?? '')?.[1] ?? '', database);
    if (to === null) break;
    found.push({ database: to.database, table: to.table });
    rest = to.rest.startsWith(',') ? to.rest.slice(1) : '';
  }
  return found;
}

function rowsStatement(verb: string, text: string, database: string): Statement {
  const emptied = leadingTable(DELETE_ALL.exec(text)?.[1] ?? '', database);
  if (emptied !== null && /^(?:;\s*)?(?:\*\/\s*)?$/u.test(emptied.rest)) {
    return { kind: 'truncate', database: emptied.database, table: emptied.table };
  }
  return { kind: 'rows', verb, table: changedTable(text, database) };
}

function changedTable(text: string, database: string): TableName | null {
  for (const { head, tail } of PLAIN_CHANGES) {
    const found = leadingTable(head.exec(text)?.[1] ?? '', database);
    if (found !== null && tail.test(found.rest)) return { database: found.database, table: found.table };
  }
  return null;
}
