import type { TableName } from '@sluice/envelope';
import { ddlChange, type DdlChange } from './ddl-change.ts';
import { rowStatement, type RowStatement } from './row-statement.ts';
import type { Dialect } from './sql-lexer.ts';
import { leadingTable, plainStatement, tableBehind } from './statement-text.ts';

/** `one-phase`: the commit of what was not prepared. */
export type XaStep = 'start' | 'prepare' | 'commit' | 'one-phase';

/** What a statement outside of row events means for captured tables. Recognised by its first words, never parsed whole. */
export type Statement =
  | ({ readonly kind: 'truncate' } & TableName)
  | ({ readonly kind: 'ddl' } & DdlChange)
  /** `xid` names the XA transaction, as binlogs write it: `X'61',X'',1`. */
  | { readonly kind: 'xa'; readonly step: XaStep; readonly xid: string }
  | { readonly kind: 'savepoint'; readonly name: string }
  /** Of the whole group, or back to a savepoint. */
  | { readonly kind: 'rollback'; readonly savepoint: string | null }
  | ({ readonly kind: 'rows' } & RowStatement)
  | { readonly kind: 'other' };

const TRUNCATE = /^TRUNCATE(?:\s+TABLE)?\s+(.+)$/isu;
/** So servers log that they emptied a table in memory after a restart. */
const DELETE_ALL = /^DELETE\s+FROM\s+(.+)$/isu;
/** Servers write it themselves, in this spelling. */
const XA = /^XA\s+(START|BEGIN|PREPARE|COMMIT)\s+(.+?)(\s+ONE\s+PHASE)?[\s;]*$/isu;
const SAVEPOINT = /^SAVEPOINT (.+)$/isu;
const ROLLBACK = /^ROLLBACK\b(?:(?: WORK)? TO (?:SAVEPOINT )?(.+))?/isu;
const DDL = /^(CREATE|ALTER|DROP|RENAME)\b/iu;

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
  const xa = xaStatement(logged.sql);
  if (xa !== null) return xa;
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

function xaStatement(sql: string): Statement | null {
  const [, verb = '', xid, onePhase] = XA.exec(sql) ?? [];
  if (xid === undefined) return null;
  const steps: Readonly<Record<string, XaStep>> = { PREPARE: 'prepare', COMMIT: 'commit' };
  const step = steps[verb.toUpperCase()] ?? 'start';
  return { kind: 'xa', step: onePhase === undefined ? step : 'one-phase', xid };
}

function classifyText(text: string, database: string): Statement {
  const truncated = tableBehind(TRUNCATE, text, database);
  if (truncated !== null) return { kind: 'truncate', ...truncated };
  const savepoint = SAVEPOINT.exec(text)?.[1];
  if (savepoint !== undefined) return { kind: 'savepoint', name: nameOf(savepoint) };
  const rollback = ROLLBACK.exec(text);
  if (rollback !== null)
    return { kind: 'rollback', savepoint: rollback[1] === undefined ? null : nameOf(rollback[1]) };
  if (DDL.test(text)) return { kind: 'ddl', ...ddlChange(text, database) };
  const emptied = leadingTable(DELETE_ALL.exec(text)?.[1] ?? '', database);
  if (emptied?.rest === '') return { kind: 'truncate', database: emptied.database, table: emptied.table };
  const rows = rowStatement(text, database);
  return rows === null ? { kind: 'other' } : { kind: 'rows', ...rows };
}

function nameOf(text: string): string {
  return leadingTable(text, '')?.table ?? '';
}

/** The same with every name as the server keeps it, where statements may write it in another case than table maps have it. */
export function respelled(statement: Statement, spell: (name: TableName) => TableName): Statement {
  switch (statement.kind) {
    case 'truncate':
      return { kind: statement.kind, ...spell(statement) };
    case 'rows':
      return respelledRows(statement, spell);
    case 'ddl': {
      const { created, filled, renamed, dropped, droppedDatabase, altered, movedToEngine } = statement;
      return {
        ...statement,
        created: created === null ? null : spell(created),
        filled: filled === null ? null : respelledRows(filled, spell),
        renamed: renamed.map(({ from, to }) => ({ from: spell(from), to: spell(to) })),
        dropped: dropped.map(spell),
        droppedDatabase:
          droppedDatabase === null ? null : spell({ database: droppedDatabase, table: '' }).database,
        altered: altered.map(spell),
        movedToEngine: movedToEngine === null ? null : spell(movedToEngine),
      };
    }
    default:
      return statement;
  }
}

function respelledRows<T extends RowStatement>(change: T, spell: (name: TableName) => TableName): T {
  return { ...change, table: change.table === null ? null : spell(change.table) };
}
