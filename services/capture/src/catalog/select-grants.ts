import type { Connection } from 'mysql2/promise';
import { tableIdOf, type TableName } from '@sluice/envelope';
import type { TableDescription } from '@sluice/mysql';
import { quoteTable } from '@sluice/mysql';
import { PipelineError, type PreflightProblem } from '@sluice/runtime';
import { boundLockWait } from '../source/lock-wait.ts';
import { readGrants } from '../source/grants.ts';
import { queryRows } from '../source/query.ts';

/** Where SHOW GRANTS says that the account may SELECT; privileges of active roles are among its lines. */
export interface SelectGrants {
  /** On all tables of all databases. */
  readonly everywhere: boolean;
  /** Names of databases with it on all tables, as LIKE patterns. */
  readonly wholeDatabases: readonly string[];
  /** Databases with it on some tables or columns. */
  readonly someTables: readonly string[];
  /** A role that is not active may bring more, and a partial revoke take some away. */
  readonly isAllTold: boolean;
  /** Databases that the server shows the account. */
  readonly shown: readonly string[];
  /** Whether it shows all there are, whatever the account may do there. */
  readonly showsAll: boolean;
}

const GRANT = /^GRANT (.+?) ON (?:TABLE )?(\*|`(?:[^`]|``)+`)\.(\*|`(?:[^`]|``)+`) TO /u;
const SELECTS = /(?:^|, )(?:SELECT|ALL PRIVILEGES)(?: \(|,|$)/u;

/** A database that every server has: an account sees it without a privilege on it only where it sees all. */
const EVERYWHERE = 'mysql';

/**
 * @param lines of SHOW GRANTS
 * @param shown databases of information_schema.SCHEMATA
 */
export function selectGrants(lines: readonly string[], shown: readonly string[] = []): SelectGrants {
  const found = lines.flatMap((line) => {
    const [, privileges = '', database = '', table = ''] = GRANT.exec(line) ?? [];
    return SELECTS.test(privileges) ? [{ privileges, database: unquoted(database), table }] : [];
  });
  const whole = found.filter(({ table }) => table === '*').map(({ database }) => database);
  return {
    everywhere: whole.includes('*'),
    wholeDatabases: whole.filter((name) => name !== '*'),
    someTables: found.filter(({ table }) => table !== '*').map(({ database }) => database),
    isAllTold: !lines.some((line) => /^GRANT [`'"]|^REVOKE /u.test(line)),
    shown,
    showsAll: shown.includes(EVERYWHERE) && !lines.some((line) => / ON (?:[A-Z]+ )?`mysql`\./u.test(line)),
  };
}

function unquoted(name: string): string {
  return name.startsWith('`') ? name.slice(1, -1).replaceAll('``', '`') : name;
}

export async function readSelectGrants(connection: Connection): Promise<SelectGrants> {
  const grants = await readGrants(connection);
  const databases = await queryRows(
    connection,
    'SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA',
  );
  return selectGrants(
    grants,
    databases.map((row) => String(row['name'])),
  );
}

/** Null where the account cannot see it. @param database a name, no pattern */
export function isThere({ shown, showsAll }: SelectGrants, database: string): boolean | null {
  if (shown.includes(database)) return true;
  return showsAll ? false : null;
}

/** Whether it is certain that nothing of these databases may be read, as `*` and `?` patterns of `source.tables` name them. */
export function isUnreadable(grants: SelectGrants, databasePattern: string): boolean {
  const { everywhere, wholeDatabases, someTables, isAllTold } = grants;
  if (everywhere || !isAllTold) return false;
  if (/[*?]/u.test(databasePattern)) return wholeDatabases.length + someTables.length === 0;
  return (
    !someTables.includes(databasePattern) && !wholeDatabases.some((name) => isLike(databasePattern, name))
  );
}

/** The server's LIKE: `%` any text, `_` one character, each of them itself behind a backslash. */
function isLike(name: string, pattern: string): boolean {
  const source = pattern.replace(/\\([\s\S])|([%_])|([\s\S])/gu, (_all, escaped, wildcard, plain) => {
    if (wildcard !== undefined) return wildcard === '%' ? '.*' : '.';
    return String(escaped ?? plain).replace(/[.*+?^${}()|[\]\\]/gu, String.raw`\$&`);
  });
  return new RegExp(`^${source}$`, 'su').test(name);
}

/**
 * Tables that the server shows the account, and it may not read in full: information_schema has a table as soon as there is
 * any privilege on it, and only those columns that there is one on. Throws MYSQL_BUSY when a session has locked one.
 */
export async function findUnreadable(
  connection: Connection,
  grants: SelectGrants,
  tables: readonly TableDescription[],
): Promise<readonly TableDescription[]> {
  return await unreadableOf(connection, grants, tables);
}

/**
 * Tables that were captured before and are not shown any more, because the account lost its right. A server that
 * refuses does not tell whether such a table is still there: one that was dropped, without a right on it, is in the
 * result too. Throws MYSQL_BUSY when a session has locked one.
 *
 * @param shown the tables that the server shows
 */
export async function findLost(
  connection: Connection,
  grants: SelectGrants,
  shown: readonly TableName[],
  earlier: readonly TableName[],
): Promise<readonly TableName[]> {
  const ids = new Set(shown.map(tableIdOf));
  const absent = earlier.filter((table) => !ids.has(tableIdOf(table)));
  return await unreadableOf(connection, grants, absent);
}

async function unreadableOf<T extends TableName>(
  connection: Connection,
  grants: SelectGrants,
  tables: readonly T[],
): Promise<readonly T[]> {
  const isCertain = ({ database }: TableName): boolean =>
    grants.isAllTold && (grants.everywhere || grants.wholeDatabases.some((name) => isLike(database, name)));
  const found: T[] = [];
  for (const table of tables) {
    if (isCertain(table)) continue;
    const about = `table ${tableIdOf(table)}`;
    if (!(await boundLockWait(connection, about, () => mayReadAll(connection, table)))) found.push(table);
  }
  return found;
}

/** `*` stands for all columns that there are, whether they are shown or not. None is in the result: the driver refuses some names. */
export async function mayReadAll(connection: Connection, { database, table }: TableName): Promise<boolean> {
  try {
    await queryRows(
      connection,
      `SELECT COUNT(*) FROM (SELECT * FROM ${quoteTable(database, table)} LIMIT 0) AS whole`,
    );
    return true;
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    if (error.code === 'MYSQL_PRIVILEGE_MISSING') return false;
    if (error.errorClass === 'retryable') throw error;
    return true; // gone meanwhile
  }
}

/** @param account as GRANT reads it */
export function selectMissing({ database, table }: TableName, account: string): PreflightProblem {
  return {
    setting: `table ${tableIdOf({ database, table })}`,
    found: 'that the account may not SELECT all of it',
    required: 'SELECT on the table with all its columns',
    fix: `GRANT SELECT ON ${quoteTable(database, table)} TO ${account}; (a role counts when it is a default role), then start capture again`,
  };
}

/** Of a table that was captured before. @param account as GRANT reads it */
export function selectLost(name: TableName, account: string): PreflightProblem {
  const problem = selectMissing(name, account);
  return {
    ...problem,
    found: 'that the account may no longer SELECT it (or that it was dropped)',
    fix: `${problem.fix}; if it was dropped, list it in source.excludeTables`,
  };
}
