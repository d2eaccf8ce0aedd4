import type { Connection } from 'mysql2/promise';
import { tableId, type TableName } from '@sluice/envelope';
import { quoteIdentifier, readVariables, type TableDescription } from '@sluice/mysql';
import type { PreflightProblem, SluiceConfig } from '@sluice/runtime';
import { setGlobal } from '../source/set-global.ts';
import { keepsRows } from '../model/engines.ts';
import { createTableFilter } from '../model/table-filter.ts';
import { findTopicProblems } from './topic-checks.ts';

interface VariableRule {
  readonly name: string;
  readonly required: string;
  readonly accepts: (value: string) => boolean;
  readonly fix: string;
}

const is =
  (wanted: string) =>
  (value: string): boolean =>
    value.toUpperCase() === wanted;

const VARIABLE_RULES: readonly VariableRule[] = [
  {
    name: 'log_bin',
    required: 'ON',
    accepts: is('ON'),
    fix: 'start the server with log_bin in its option file',
  },
  {
    name: 'binlog_format',
    required: 'ROW',
    accepts: is('ROW'),
    fix: setGlobal("binlog_format = 'ROW'"),
  },
  {
    name: 'binlog_row_image',
    required: 'FULL',
    accepts: is('FULL'),
    fix: setGlobal("binlog_row_image = 'FULL'"),
  },
  {
    name: 'binlog_row_metadata',
    required: 'FULL',
    accepts: is('FULL'),
    fix: setGlobal("binlog_row_metadata = 'FULL'"),
  },
  {
    name: 'server_id',
    required: 'not 0',
    accepts: (value) => value !== '0',
    fix: `${setGlobal('server_id = 1')}; it must be unique among all replicas`,
  },
];

/**
 * Everything at once that is wrong with the source's settings, and with `source.strictTables` with the captured tables.
 *
 * @param account of capture, as GRANT reads it
 * @param earlier captured tables of earlier runs, and those that are not captured: that they are not among `tables` is no fault of a setting
 */
export async function findProblems(
  connection: Connection,
  config: SluiceConfig,
  tables: readonly TableDescription[],
  account: string,
  earlier: readonly TableName[] = [],
): Promise<readonly PreflightProblem[]> {
  const values = await readVariables(
    connection,
    VARIABLE_RULES.map((rule) => rule.name),
  );
  return [
    ...VARIABLE_RULES.flatMap((rule) => checkVariable(rule, values.get(rule.name))),
    ...(config.source.strictTables ? strictProblems(config, tables, account, earlier) : []),
    ...Object.keys(config.source.keys).flatMap((id) => checkKeySetting(id, [...tables, ...earlier])),
    ...findTopicProblems(config, [...tables, ...earlier]),
  ];
}

function strictProblems(
  config: SluiceConfig,
  tables: readonly TableDescription[],
  account: string,
  earlier: readonly TableName[],
): readonly PreflightProblem[] {
  return [
    ...config.source.tables.flatMap((pattern) => checkPattern(pattern, [...tables, ...earlier], account)),
    ...tables.flatMap((table) => tableProblems(config, table)),
  ];
}

/** What keeps this table alone from being captured. */
export function tableProblems(config: SluiceConfig, table: TableDescription): readonly PreflightProblem[] {
  const id = tableId(table.database, table.table);
  if (!keepsRows(table.engine)) return [rowsElsewhere(table, id)];
  return table.isVersioned ? [historyKept(id)] : checkKey(table, config.source.keys[id]);
}

function checkVariable(rule: VariableRule, value: string | undefined): readonly PreflightProblem[] {
  if (value !== undefined && rule.accepts(value)) return [];
  return [
    {
      setting: `source variable ${rule.name}`,
      found: value ?? 'absent',
      required: rule.required,
      fix: rule.fix,
    },
  ];
}

/**
 * A pattern of `source.tables` that fits none of the tables.
 *
 * @param account of capture, as GRANT reads it
 */
export function checkPattern(
  pattern: string,
  tables: readonly TableName[],
  account: string,
): readonly PreflightProblem[] {
  const filter = createTableFilter([pattern], []);
  if (tables.some(({ database, table }) => filter.captures(database, table))) return [];
  return [
    {
      setting: 'source.tables',
      found: `"${pattern}" matches no table`,
      required: 'a table that exists and that the user may SELECT',
      fix: `create the table, correct the pattern, or let capture see it: GRANT SELECT ON ${wholeDatabase(pattern.slice(0, pattern.indexOf('.')))} TO ${account};`,
    },
  ];
}

/** What GRANT is to name for all tables of a database. @param database a name, or a part of a pattern */
export function wholeDatabase(database: string): string {
  return /[*?]/u.test(database) ? '*.*' : `${quoteIdentifier(database)}.*`;
}

function checkKey(
  table: TableDescription,
  configured: readonly string[] | undefined,
): readonly PreflightProblem[] {
  const id = tableId(table.database, table.table);
  if (configured === undefined) return table.primaryKey.length > 0 ? [] : [keyMissing(table, id)];
  const sorted = [...configured].sort().join('\0');
  const unique = [
    table.primaryKey,
    ...table.uniqueIndexes.filter((index) => index.usableAsKey).map((index) => index.columns),
  ];
  if (unique.some((columns) => [...columns].sort().join('\0') === sorted)) return [];
  return [
    {
      setting: `source.keys["${id}"]`,
      found: configured.join(', '),
      required: 'the columns of a unique index whose columns are all NOT NULL',
      fix: `ALTER TABLE ${id} ADD UNIQUE (${configured.join(', ')}) after making these columns NOT NULL`,
    },
  ];
}

function keyMissing(table: TableDescription, id: string): PreflightProblem {
  const usable = table.uniqueIndexes.find((index) => index.usableAsKey);
  const hint = usable === undefined ? '' : `set source.keys["${id}"] to [${usable.columns.join(', ')}], or `;
  return {
    setting: `table ${id}`,
    found: 'no primary key',
    required: 'a primary key, or a key under source.keys',
    fix: `${hint}ALTER TABLE ${id} ADD PRIMARY KEY (…), or list it in source.excludeTables`,
  };
}

/** What a reconciling snapshot would read of it is not what the stream has told: it would delete rows of the stores. */
function rowsElsewhere({ engine }: TableDescription, id: string): PreflightProblem {
  return {
    setting: `table ${id}`,
    found: `ENGINE=${engine ?? ''}`,
    required: 'an engine that keeps the rows itself',
    fix: `list it in source.excludeTables, or ALTER TABLE ${id} ENGINE=InnoDB`,
  };
}

/** The binlog has such a table under another key, with an INSERT of the old row beside each UPDATE. */
function historyKept(id: string): PreflightProblem {
  return {
    setting: `table ${id}`,
    found: 'WITH SYSTEM VERSIONING',
    required: 'a table without system versioning',
    fix: `list it in source.excludeTables, or ALTER TABLE ${id} DROP SYSTEM VERSIONING`,
  };
}

function checkKeySetting(id: string, tables: readonly TableName[]): readonly PreflightProblem[] {
  if (tables.some((table) => tableId(table.database, table.table) === id)) return [];
  return [
    {
      setting: `source.keys["${id}"]`,
      found: 'not a captured table',
      required: 'a captured table',
      fix: 'remove it or correct its name',
    },
  ];
}
