import { quoteAccount, quoteIdentifier, type PoolConnection, type RowDataPacket } from '@sluice/mysql';
import { preflightFailed, type PreflightProblem } from '@sluice/runtime';
import type { SinkContext } from '@sluice/sink-kit';
import { mappedDatabase, mappedTable, type MysqlSinkConfig } from './config.ts';
import { readGrants, ROW_RIGHTS, TABLE_RIGHTS } from './grants.ts';
import { nameProblems } from './name-problems.ts';
import { PLAIN_TEMPLATE } from './table-template.ts';

const WANTED = [...ROW_RIGHTS, ...TABLE_RIGHTS];

/**
 * Throws PREFLIGHT_FAILED that names every database in which the account may not do what the sink does there, with the
 * statements that mend it, and what is wrong with the names that `tableTemplate` makes. Where a table is there already, the rights to make and alter one may be missing: `onLimited` hears
 * of them.
 */
export async function checkTarget(
  connection: PoolConnection,
  config: MysqlSinkConfig,
  sink: Pick<SinkContext, 'section' | 'sourceTables'>,
  onLimited: (problem: PreflightProblem) => void,
): Promise<void> {
  const { lacking, limited } = await targetProblems(connection, config, sink);
  limited.forEach(onLimited);
  // Without a template the store says of each table that comes second whose the place is, and the first goes on.
  const names = config.tableTemplate === PLAIN_TEMPLATE ? [] : targetNameProblems(config, sink);
  const problems = [...names, ...lacking];
  if (problems.length > 0) throw preflightFailed(problems);
}

/** What is wrong with the names on the target of tables that the settings name. */
export function targetNameProblems(
  config: MysqlSinkConfig,
  { section, sourceTables }: Pick<SinkContext, 'section' | 'sourceTables'>,
): readonly PreflightProblem[] {
  return nameProblems(sourceTables, (source) => mappedTable(config, source)).map((problem) => ({
    setting: `${section}.tableTemplate`,
    ...problem,
  }));
}

/** What the account may not do: without `lacking` no row is written, without `limited` tables cannot follow the source's. */
export async function targetProblems(
  connection: PoolConnection,
  config: MysqlSinkConfig,
  sink: Pick<SinkContext, 'section' | 'sourceTables'>,
): Promise<Readonly<Record<'lacking' | 'limited', readonly PreflightProblem[]>>> {
  const grants = readGrants(await column(connection, 'SHOW GRANTS'));
  if (!grants.isComplete) return { lacking: [], limited: [] };
  const [current = ''] = await column(connection, 'SELECT CURRENT_USER()');
  const [lacking, limited]: [PreflightProblem[], PreflightProblem[]] = [[], []];
  for (const [setting, database] of databasesOf(config, sink)) {
    const missing = grants.missing(database, WANTED);
    if (missing.length === 0) continue;
    const tables = await tablesIn(connection, database);
    const problem = {
      setting,
      found: `"${config.user}" without ${missing.join(', ')} on database ${database}${tables === null ? ', which it does not see' : ''}`,
      required: WANTED.join(', '),
      fix: [
        ...(tables === null ? [`CREATE DATABASE IF NOT EXISTS ${quoteIdentifier(database)};`] : []),
        `GRANT ${WANTED.join(', ')} ON ${quoteIdentifier(database)}.* TO ${quoteAccount(current)};`,
      ].join(' '),
    };
    const canWrite = grants.missing(database, ROW_RIGHTS).length === 0;
    (canWrite && tables !== null && tables > 0 ? limited : lacking).push(problem);
  }
  return { lacking, limited };
}

/** Target databases that can be told from the settings, and the one of the sink itself, by the setting that names them. */
function databasesOf(
  config: MysqlSinkConfig,
  { section, sourceTables }: Pick<SinkContext, 'section' | 'sourceTables'>,
): [string, string][] {
  return [
    [`${section}.stateDatabase`, config.stateDatabase],
    ...targetDatabases(config, sourceTables).map((target): [string, string] => [
      `${section}.databases`,
      target,
    ]),
  ];
}

/** Those of tables whose patterns name the database. */
export function targetDatabases(config: MysqlSinkConfig, sourceTables: readonly string[]): readonly string[] {
  const sources = sourceTables.map((pattern) => pattern.split('.', 1)[0] ?? '');
  const named = sources.filter((source) => !/[*?]/.test(source));
  const targets = [
    ...named.map((source) => mappedDatabase(config, source)),
    ...Object.values(config.databases),
  ];
  return [...new Set(targets)];
}

/** How many tables of a database the account sees; null when it does not see the database. */
async function tablesIn(connection: PoolConnection, database: string): Promise<number | null> {
  const [found] = await connection.query<RowDataPacket[]>(
    `SELECT (SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?) AS tables
     FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?`,
    [database, database],
  );
  return found[0] === undefined ? null : Number(found[0]['tables']);
}

async function column(connection: PoolConnection, sql: string): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>({ sql, rowsAsArray: true });
  return rows.map((row) => String(row[0]));
}
