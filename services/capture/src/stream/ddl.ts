import { ddlChange, type DdlChange } from './ddl-change.ts';
import type { Dialect } from './sql-lexer.ts';
import { leadingTable, plainStatement, tableBehind, type TableName } from './statement-text.ts';

export type { TableName } from './statement-text.ts';

/** What a statement outside of row events means for captured tables. Recognised by its first words, never parsed whole. */
export type Statement =
  | ({ readonly kind: 'truncate' } & TableName)
  | ({ readonly kind: 'ddl' } & DdlChange)
  /** `xid` names the XA transaction, as binlogs write it: `X'61',X'',1`. */
  | { readonly kind: 'xa'; readonly step: 'start' | 'commit'; readonly xid: string }
  /** Also back to a savepoint. */
  | { readonly kind: 'rollback' }
  /** A change of rows that was logged as its text. `table` is null when it is not plain which one it changes. */
  | { readonly kind: 'rows'; readonly verb: string; readonly table: TableName | null }
  | { readonly kind: 'other' };

const TRUNCATE = /^TRUNCATE(?:\s+TABLE)?\s+(.+)$/isu;
/** So servers log that they emptied a table in memory after a restart. */
const DELETE_ALL = /^DELETE\s+FROM\s+(.+)$/isu;
/** Servers write it themselves, in this spelling. */
const XA = /^XA\s+(START|BEGIN|COMMIT)\s+(.+?)(?:\s+ONE\s+PHASE)?[\s;]*$/isu;
const DDL = /^(CREATE|ALTER|DROP|RENAME)\b/iu;
/** Nothing but a function that changes rows brings a SELECT, DO or CALL into a binlog. */
const ROWS = /^(INSERT|REPLACE|UPDATE|DELETE|LOAD|WITH|SELECT|DO|CALL)\b/iu;
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

/** A statement as the binlog has it, and what it says of the session. */
export interface LoggedStatement {
  readonly sql: string;
  /** The session's default database, for names without one. */
  readonly database: string;
  readonly sqlMode: number;
  /** The server says that it concerns a temporary table. */
  readonly threadSpecific: boolean;
}

export function classifyStatement(logged: LoggedStatement, flavour: Dialect['flavour']): Statement {
  const [, step, xid] = XA.exec(logged.sql) ?? [];
  if (xid !== undefined)
    return { kind: 'xa', step: step?.toUpperCase() === 'COMMIT' ? 'commit' : 'start', xid };
  const text = plainStatement(logged.sql, { flavour, sqlMode: logged.sqlMode });
  const statement = classifyText(text, logged.database);
  return logged.threadSpecific && isOfTemporary(statement) ? { kind: 'other' } : statement;
}

/**
 * A temporary table hides the captured one of its name. CREATE is marked also when it only reads one, and DROP in every
 * session that has had one; for those that they make or drop the server writes TEMPORARY.
 */
function isOfTemporary(statement: Statement): boolean {
  if (statement.kind === 'truncate') return true;
  return statement.kind === 'ddl' && statement.created === null && statement.class !== 'drop';
}

function classifyText(text: string, database: string): Statement {
  const truncated = tableBehind(TRUNCATE, text, database);
  if (truncated !== null) return { kind: 'truncate', ...truncated };
  if (/^ROLLBACK\b/iu.test(text)) return { kind: 'rollback' };
  if (DDL.test(text)) return { kind: 'ddl', ...ddlChange(text, database) };
  const verb = ROWS.exec(text)?.[1]?.toUpperCase();
  return verb === undefined ? { kind: 'other' } : rowsStatement(verb, text, database);
}

function rowsStatement(verb: string, text: string, database: string): Statement {
  const emptied = leadingTable(DELETE_ALL.exec(text)?.[1] ?? '', database);
  if (emptied !== null && /^(?:;\s*)?$/u.test(emptied.rest)) {
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

/** The same with every name as the server keeps it, where statements may write it in another case than table maps have it. */
export function respelled(statement: Statement, spell: (name: TableName) => TableName): Statement {
  switch (statement.kind) {
    case 'truncate':
      return { kind: statement.kind, ...spell(statement) };
    case 'rows':
      return { ...statement, table: statement.table === null ? null : spell(statement.table) };
    case 'ddl': {
      const { created, renamed, dropped, droppedDatabase, altered } = statement;
      return {
        ...statement,
        created: created === null ? null : spell(created),
        renamed: renamed.map(({ from, to }) => ({ from: spell(from), to: spell(to) })),
        dropped: dropped.map(spell),
        droppedDatabase:
          droppedDatabase === null ? null : spell({ database: droppedDatabase, table: '' }).database,
        altered: altered.map(spell),
      };
    }
    default:
      return statement;
  }
}
