import { tableId, type TableName } from '@sluice/envelope';
import { quoteIdentifier, type TableDescription } from '@sluice/mysql';
import type { SluiceConfig, PreflightProblem } from '@sluice/runtime';
import { checkPattern, tableProblems, wholeDatabase } from './preflight.ts';
import { isThere, isUnreadable, selectMissing, type SelectGrants } from '../catalog/select-grants.ts';
import { keepsRows } from '../model/engines.ts';
import { generatedProblems } from './schema-checks.ts';

/** A table that cannot be captured as it is, or a pattern of `source.tables` that fits none. */
export interface RefusedTable {
  /** `database.table`, or the pattern. */
  readonly id: string;
  readonly code:
    | 'COLUMN_TYPE_UNKNOWN'
    | 'PATTERN_WITHOUT_TABLE'
    | 'TABLE_ENGINE_REFUSED'
    | 'TABLE_HIDDEN'
    | 'TABLE_NEW'
    | 'TABLE_SHAPE_REFUSED'
    | 'TABLE_SYSTEM_VERSIONED'
    | 'TABLE_WITHOUT_KEY';
  readonly why: string;
}

/** Null when there is nothing wrong with the table. */
export function refusalOf(config: SluiceConfig, description: TableDescription): RefusedTable | null {
  const [problem] = tableProblems(config, description);
  if (problem === undefined) return null;
  const id = tableId(description.database, description.table);
  return { id, code: codeOf(description), why: whyOf(problem) };
}

function codeOf({ engine, isVersioned }: TableDescription): RefusedTable['code'] {
  if (!keepsRows(engine)) return 'TABLE_ENGINE_REFUSED';
  return isVersioned ? 'TABLE_SYSTEM_VERSIONED' : 'TABLE_WITHOUT_KEY';
}

/** A column that came while the pipeline ran, and would tell what a hidden one holds; null when there is none. */
export function exposureOf(config: SluiceConfig, description: TableDescription): RefusedTable | null {
  const [problem] = generatedProblems(description, config.tables);
  if (problem === undefined) return null;
  const id = tableId(description.database, description.table);
  return { id, code: 'TABLE_SHAPE_REFUSED', why: `${problem.setting}: ${whyOf(problem)}` };
}

/** One that the server, or the account's privileges, do not show in full. */
export function hiddenTable({ database, table }: TableName, problem: PreflightProblem): RefusedTable {
  return { id: tableId(database, table), code: 'TABLE_HIDDEN', why: whyOf(problem) };
}

function whyOf({ found, required, fix }: PreflightProblem): string {
  return `found ${found}, needs ${required}. Fix: ${fix}`;
}

/** Patterns that fit none of the tables: of a database that is empty yet, of a name that is misspelt. */
export function emptyPatterns(
  config: SluiceConfig,
  tables: readonly TableName[],
  account: string,
): readonly RefusedTable[] {
  return config.source.tables.flatMap((pattern) =>
    checkPattern(pattern, tables, account).map((problem) => ({
      id: pattern,
      code: 'PATTERN_WITHOUT_TABLE' as const,
      why: whyOf(problem),
    })),
  );
}

/** Those of the patterns without a table whose databases the account may certainly not read: an empty one looks the same. */
export function unreadablePatterns(
  config: SluiceConfig,
  grants: SelectGrants,
  empty: readonly RefusedTable[],
  account: string,
): readonly PreflightProblem[] {
  const { user } = config.source;
  return empty.flatMap(({ id }) => {
    const database = id.slice(0, id.indexOf('.'));
    return isUnreadable(grants, database) ? [unreadable({ id, database, user, account }, grants)] : [];
  });
}

interface UnreadablePattern {
  readonly id: string;
  readonly database: string;
  readonly user: string;
  readonly account: string;
}

/** A database that is not there looks like one that the account may not see, to most accounts. */
function unreadable(
  { id, database, user, account }: UnreadablePattern,
  grants: SelectGrants,
): PreflightProblem {
  const grant = `GRANT SELECT ON ${wholeDatabase(database)} TO ${account};`;
  const found = /[*?]/u.test(database) ? true : isThere(grants, database);
  if (found === true)
    return {
      setting: 'source.user',
      found: `"${user}" without SELECT on any table that "${id}" in source.tables matches`,
      required: 'SELECT on the captured tables',
      fix: grant,
    };
  const create = `CREATE DATABASE ${quoteIdentifier(database)};`;
  return {
    setting: 'source.tables',
    found:
      found === false
        ? `no database ${database}, which "${id}" names`
        : `no database ${database}, which "${id}" names: it does not exist, or "${user}" has no privilege on it`,
    required: 'a database that exists, and SELECT on it',
    fix:
      found === false
        ? `correct the name, or: ${create} ${grant}`
        : `correct the name, or: ${grant} and, if the database does not exist yet: ${create}`,
  };
}

/**
 * Tells the tables that may be captured from those that cannot be: they end no capture of the others.
 * @param unreadable tables that the account may not read in full
 * @param account as GRANT reads it
 * @param hasRun whether the pipeline has run before: what is wrong with a setting at its first start is no change of a table
 */
export function withoutRefused(
  config: SluiceConfig,
  tables: readonly TableDescription[],
  unreadable: readonly TableName[],
  account: string,
  hasRun: boolean,
): { readonly tables: readonly TableDescription[]; readonly refused: readonly RefusedTable[] } {
  const hidden = unreadable.map((name) => hiddenTable(name, selectMissing(name, account)));
  const hiddenIds = new Set(hidden.map(({ id }) => id));
  const refused = [...hidden];
  for (const table of tables) {
    if (hiddenIds.has(tableId(table.database, table.table))) continue;
    const found = refusalOf(config, table) ?? (hasRun ? exposureOf(config, table) : null);
    if (found !== null) refused.push(found);
  }
  const ids = new Set(refused.map(({ id }) => id));
  return { tables: tables.filter(({ database, table }) => !ids.has(tableId(database, table))), refused };
}
