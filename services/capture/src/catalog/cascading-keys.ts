import { tableId, tableIdOf, type TableName } from '@sluice/envelope';
import { quoteTable } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';
import { queryRows } from '../source/query.ts';

/** What a foreign key does to rows that refer to one which goes or gets another key; null: nothing but refuse it. */
export type CascadeAction = 'CASCADE' | 'SET NULL' | null;

/** A foreign key that changes rows of its table. */
export interface CascadingKey {
  readonly child: TableName;
  readonly columns: readonly string[];
  readonly parent: TableName;
  /** The columns of the parent that `columns` refer to. */
  readonly referenced: readonly string[];
  readonly onDelete: CascadeAction;
  readonly onUpdate: CascadeAction;
}

type Rules = Pick<CascadingKey, 'onDelete' | 'onUpdate'>;

interface NamedKey extends Omit<CascadingKey, keyof Rules> {
  readonly name: string;
}

/** Seconds that a question about a table waits for somebody's lock of it. */
const LOCK_WAIT_S = 2;

/**
 * The foreign keys of these tables, and of the tables that they lead to, which change rows; of tables that the account may
 * not see none are known. Throws a PipelineError with a MYSQL_… code.
 *
 * @param concerns whether what happens to a table's rows matters
 */
export async function readCascadingKeys(
  connection: Connection,
  flavour: 'mysql' | 'mariadb',
  concerns: (table: TableName) => boolean,
): Promise<readonly CascadingKey[]> {
  const keys = leadingTo(await readKeys(connection), concerns);
  const rules =
    flavour === 'mariadb' ? await rulesOfMariadb(connection, keys) : await rulesOfMysql(connection);
  return keys.flatMap(({ name, ...key }) => {
    const found = rules.get(keyId(key.child, name));
    return found === undefined ? [] : [{ ...key, ...found }];
  });
}

/** Those of the tables that the account may see, as `database.table`. */
export async function visibleTables(
  connection: Connection,
  tables: readonly TableName[],
): Promise<ReadonlySet<string>> {
  const databases = [...new Set(tables.map(({ database }) => database))];
  if (databases.length === 0) return new Set();
  const rows = await queryRows(
    connection,
    `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name FROM information_schema.TABLES
     WHERE TABLE_SCHEMA IN (${databases.map(() => '?').join()})`,
    databases,
  );
  return new Set(rows.map((row) => tableId(String(row['db']), String(row['name']))));
}

async function readKeys(connection: Connection): Promise<readonly NamedKey[]> {
  const rows = await queryRows(
    connection,
    `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name, CONSTRAINT_NAME AS fk, COLUMN_NAME AS col,
       REFERENCED_TABLE_SCHEMA AS parentDb, REFERENCED_TABLE_NAME AS parent, REFERENCED_COLUMN_NAME AS parentCol
     FROM information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_NAME IS NOT NULL
     ORDER BY TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION`,
  );
  const keys = new Map<string, NamedKey & { columns: string[]; referenced: string[] }>();
  for (const row of rows) {
    const child = { database: String(row['db']), table: String(row['name']) };
    const parent = { database: String(row['parentDb']), table: String(row['parent']) };
    const name = String(row['fk']);
    const id = keyId(child, name);
    const key = keys.get(id) ?? { name, child, columns: [], parent, referenced: [] };
    key.columns.push(String(row['col']));
    key.referenced.push(String(row['parentCol']));
    keys.set(id, key);
  }
  return [...keys.values()];
}

/** What a parent's own foreign keys do to it reaches its children too. */
function leadingTo(keys: readonly NamedKey[], concerns: (table: TableName) => boolean): readonly NamedKey[] {
  const wanted = new Set(keys.filter(({ child }) => concerns(child)).map(({ child }) => tableIdOf(child)));
  for (const id of wanted)
    for (const { child, parent } of keys) if (tableIdOf(child) === id) wanted.add(tableIdOf(parent));
  return keys.filter(({ child }) => wanted.has(tableIdOf(child)));
}

async function rulesOfMysql(connection: Connection): Promise<ReadonlyMap<string, Rules>> {
  const rows = await queryRows(
    connection,
    `SELECT CONSTRAINT_SCHEMA AS db, TABLE_NAME AS name, CONSTRAINT_NAME AS fk, DELETE_RULE AS del, UPDATE_RULE AS upd
     FROM information_schema.REFERENTIAL_CONSTRAINTS
     WHERE DELETE_RULE IN ('CASCADE', 'SET NULL') OR UPDATE_RULE IN ('CASCADE', 'SET NULL')`,
  );
  return new Map(
    rows.map((row) => {
      const child = { database: String(row['db']), table: String(row['name']) };
      const rules = { onDelete: actionOf(String(row['del'])), onUpdate: actionOf(String(row['upd'])) };
      return [keyId(child, String(row['fk'])), rules];
    }),
  );
}

/** MariaDB shows its REFERENTIAL_CONSTRAINTS to nobody who may only SELECT: each table tells itself. */
async function rulesOfMariadb(
  connection: Connection,
  keys: readonly NamedKey[],
): Promise<ReadonlyMap<string, Rules>> {
  const rules = new Map<string, Rules>();
  const tables = new Map(keys.map(({ child }) => [tableIdOf(child), child]));
  for (const table of tables.values())
    for (const [name, found] of cascadeRules(await createStatement(connection, table)))
      rules.set(keyId(table, name), found);
  return rules;
}

const CONSTRAINT =
  /^\s*CONSTRAINT (?:`((?:[^`]|``)+)`|(\S+)) FOREIGN KEY .*\)((?: ON (?:DELETE|UPDATE) [A-Z ]+?)+),?$/gmu;

/**
 * What foreign keys of a table do by their names, those that change rows.
 * @param text of SHOW CREATE TABLE, with a line for each constraint
 */
export function cascadeRules(text: string): readonly (readonly [string, Rules])[] {
  return [...text.matchAll(CONSTRAINT)].flatMap(([, quoted, bare = '', actions = '']) => {
    const action = (event: string): CascadeAction =>
      actionOf(new RegExp(` ON ${event} (CASCADE|SET NULL)`, 'u').exec(actions)?.[1] ?? '');
    const rules = { onDelete: action('DELETE'), onUpdate: action('UPDATE') };
    if (rules.onDelete === null && rules.onUpdate === null) return [];
    return [[quoted?.replaceAll('``', '`') ?? bare, rules] as const];
  });
}

/** '' of a table that is gone, that the account may not read, or that is locked: asked again later. */
async function createStatement(connection: Connection, { database, table }: TableName): Promise<string> {
  try {
    const rows = await queryRows(
      connection,
      `SET STATEMENT lock_wait_timeout = ${LOCK_WAIT_S} FOR SHOW CREATE TABLE ${quoteTable(database, table)}`,
    );
    return String(rows[0]?.['Create Table'] ?? '');
  } catch (error) {
    const isPassing = error instanceof PipelineError && error.errorClass === 'retryable';
    if (error instanceof PipelineError && (!isPassing || error.code === 'MYSQL_BUSY')) return '';
    throw error;
  }
}

function actionOf(rule: string): CascadeAction {
  return rule === 'CASCADE' || rule === 'SET NULL' ? rule : null;
}

function keyId(child: TableName, name: string): string {
  return `${tableIdOf(child)}\0${name}`;
}
