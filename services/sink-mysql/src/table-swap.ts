import { parseTableId, type TableName } from '@sluice/envelope';
import {
  describeMysqlError,
  quoteIdentifier,
  quoteTable,
  type PoolConnection,
  type RowDataPacket,
} from '@sluice/mysql';
import type { RebuiltTables } from '@sluice/sink-kit/rebuild';
import { targetTable, type TargetNames } from './config.ts';
import { definitionError } from './definition-error.ts';
import { createDatabase } from './state-tables.ts';
import { createStatement, heldBack, lackingOptions } from './table-options.ts';
import { NAME_MAX } from './table-template.ts';

const LOCK_WAIT_TIMEOUT = 1205;
/** Seconds that a rename holds up those who come behind it, while it waits for those before it. */
const RENAME_SECONDS = 2;
const RENAME_ATTEMPTS = 20;
const STATEMENT_SHOWN = 200;

/** Databases whose names are made from the one that holds a table. */
export const filledDatabase = (database: string): string => `${database}_rebuild`;
const keptDatabase = (database: string): string => `${database}_replaced`;

/** Where readers find a table, where it is filled, and where the one that was replaced is kept. */
export interface TablePlaces {
  readonly used: TableName;
  readonly filled: TableName;
  readonly kept: TableName;
}

export function tablePlaces(config: TargetNames, { tables }: Pick<RebuiltTables, 'tables'>): TablePlaces[] {
  return tables.map((id) => {
    const used = targetTable(config, parseTableId(id));
    const { database, table } = used;
    return {
      used,
      filled: { database: filledDatabase(database), table },
      kept: { database: keptDatabase(database), table },
    };
  });
}

/** Why the tables cannot be swapped, for people; null when they can. Throws what the driver throws. */
export async function refusalOf(
  connection: PoolConnection,
  places: readonly TablePlaces[],
): Promise<string | null> {
  for (const { used, filled, kept } of places) {
    for (const { database, table } of [filled, kept]) {
      if (database.length > NAME_MAX)
        return `database ${database} would have a name of more than ${NAME_MAX} characters`;
      if (await exists(connection, { database, table }))
        return `${quoteTable(database, table)} is there already: look what it is, and drop or rename it`;
    }
    const held = await boundBy(connection, used);
    if (held !== null) return `${quoteTable(used.database, used.table)} ${held}`;
  }
  return null;
}

/** What does not go over to another table by a rename: triggers and foreign keys belong to the table, not to its name. */
async function boundBy(connection: PoolConnection, { database, table }: TableName): Promise<string | null> {
  const names = [database, table];
  const triggers = await column(
    connection,
    'SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = ? AND EVENT_OBJECT_TABLE = ?',
    names,
  );
  if (triggers.length > 0)
    return `has triggers (${triggers.join(', ')}), which a new table does not get: drop them, and make them again afterwards`;
  const keys = await column(
    connection,
    `SELECT CONSTRAINT_NAME FROM information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_NAME IS NOT NULL
      AND ((TABLE_SCHEMA = ? AND TABLE_NAME = ?) OR (REFERENCED_TABLE_SCHEMA = ? AND REFERENCED_TABLE_NAME = ?))`,
    [...names, ...names],
  );
  if (keys.length === 0) return null;
  return `is part of foreign keys (${keys.join(', ')}), which stay with the old table: drop them, and make them again afterwards`;
}

/**
 * Gives the table that was filled the options and further indexes of the one that readers use. Resolves to what it cannot get, for people:
 * columns that are the target's own, unique indexes that the filling sink did not know, CHECK constraints, partitions, a history.
 */
export async function complete(
  connection: PoolConnection,
  { used, filled }: TablePlaces,
): Promise<readonly string[]> {
  if (!(await exists(connection, used)) || !(await exists(connection, filled))) return [];
  const id = quoteTable(used.database, used.table);
  const [old, made] = [await createStatement(connection, used), await createStatement(connection, filled)];
  const [wanted, present] = [indexesOf(old), indexesOf(made)];
  const missing = [...wanted].filter(([name]) => !present.has(name));
  const isUnique = (definition: string): boolean => definition.startsWith('UNIQUE ');
  const columns = new Set(await columnsOf(connection, filled));
  const own = (await columnsOf(connection, used)).filter((name) => !columns.has(name));
  const lacking = [
    ...own.map(
      (name) =>
        `${id} has a column ${name} that the new table has not: the target's own, drop it or keep it elsewhere`,
    ),
    ...missing
      .filter(([, definition]) => isUnique(definition))
      .map(
        ([name]) =>
          `${id} has a unique index ${name} that the source has not: drop it, and make it again after the rebuild`,
      ),
    ...heldBack(old).map((why) => `${id} ${why}`),
    ...((await isPartitioned(connection, used)) ? [`${id} is partitioned, and the new table is not`] : []),
    ...[await boundBy(connection, used)].flatMap((why) => (why === null ? [] : [`${id} ${why}`])),
  ];
  const clauses = missing
    .filter(([, definition]) => !isUnique(definition))
    .map(([, definition]) => `ADD ${definition}`);
  if (lacking.length > 0) return lacking;
  const alter = `ALTER TABLE ${quoteTable(filled.database, filled.table)}`;
  const options = lackingOptions(old, made);
  if (options !== '') await connection.query(`${alter} ${options}`);
  if (clauses.length > 0) await connection.query(`${alter} ${clauses.join(', ')}`);
  return [];
}

function columnsOf(connection: PoolConnection, { database, table }: TableName): Promise<readonly string[]> {
  return column(
    connection,
    'SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [database, table],
  );
}

async function isPartitioned(connection: PoolConnection, { database, table }: TableName): Promise<boolean> {
  const found = await column(
    connection,
    'SELECT PARTITION_NAME FROM information_schema.PARTITIONS WHERE PARTITION_NAME IS NOT NULL AND TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [database, table],
  );
  return found.length > 0;
}

/** By name, as SHOW CREATE TABLE writes them. */
function indexesOf(statement: string): ReadonlyMap<string, string> {
  const found = statement.matchAll(/^ {2}((?:UNIQUE |FULLTEXT |SPATIAL )?KEY (`(?:[^`]|``)+`) .*?),?$/gmu);
  return new Map([...found].map(([, definition = '', index = '']) => [index, definition]));
}

/** Whether none is left where it was filled, and of each the old one is aside. */
export async function areSwapped(
  connection: PoolConnection,
  places: readonly TablePlaces[],
): Promise<boolean> {
  for (const { used, filled, kept } of places) {
    if (await exists(connection, filled)) return false;
    if (!(await exists(connection, used)) || !(await exists(connection, kept))) return false;
  }
  return true;
}

/** One statement: whoever reads sees all old tables or all new ones. Resolves to why it was not done, or null. */
export async function swapTables(
  connection: PoolConnection,
  places: readonly TablePlaces[],
): Promise<string | null> {
  if (await areSwapped(connection, places)) return null;
  const renames: string[] = [];
  for (const { used, filled, kept } of places) {
    await createDatabase(connection, kept.database);
    if (!(await exists(connection, used))) await makeEmpty(connection, { used, filled });
    const bound = await boundBy(connection, used);
    if (bound !== null) return `${quoteTable(used.database, used.table)} ${bound}`;
    const [at, from, aside] = [used, filled, kept].map(({ database, table }) => quoteTable(database, table));
    renames.push(`${at} TO ${aside}`, `${from} TO ${at}`);
  }
  return renameAll(connection, `RENAME TABLE ${renames.join(', ')}`);
}

/** One that is missing: what is aside says later that the swap was done. */
async function makeEmpty(
  connection: PoolConnection,
  { used, filled }: Omit<TablePlaces, 'kept'>,
): Promise<void> {
  const [at, from] = [used, filled].map(({ database, table }) => quoteTable(database, table));
  await createDatabase(connection, used.database);
  await connection.query(`CREATE TABLE IF NOT EXISTS ${at} LIKE ${from}`);
}

async function renameAll(connection: PoolConnection, statement: string): Promise<string | null> {
  await connection.query(
    `SET @sluice_wait = @@SESSION.lock_wait_timeout, SESSION lock_wait_timeout = ${RENAME_SECONDS}`,
  );
  try {
    for (let attempt = 1; ; attempt += 1) {
      const refused = await refusalBy(connection, statement);
      if (refused?.errno !== LOCK_WAIT_TIMEOUT) return refused?.why ?? null;
      if (attempt === RENAME_ATTEMPTS) return 'transactions that use the tables on the target do not end';
    }
  } finally {
    await connection.query('SET SESSION lock_wait_timeout = @sluice_wait').catch(() => undefined);
  }
}

/** Null when the server has done it. Throws when it has not answered. */
async function refusalBy(
  connection: PoolConnection,
  statement: string,
): Promise<{ readonly errno: number; readonly why: string } | null> {
  try {
    await connection.query(statement);
    return null;
  } catch (error) {
    const { errno } = describeMysqlError(error);
    if (errno === null || !isOfServer(errno)) throw error;
    return {
      errno,
      why: definitionError(error, `the target refuses ${statement.slice(0, STATEMENT_SHOWN)}`).message,
    };
  }
}

/** Numbers from 2000 to 2999 are of clients, those of the system are lower (MySQL manual, "Error Message Sources"). */
function isOfServer(errno: number): boolean {
  return errno >= 3000 || (errno >= 1000 && errno < 2000);
}

export async function dropTables(connection: PoolConnection, tables: readonly TableName[]): Promise<void> {
  for (const { database, table } of tables)
    await connection.query(`DROP TABLE IF EXISTS ${quoteTable(database, table)}`);
  for (const database of new Set(tables.map((table) => table.database)))
    await dropEmpty(connection, database);
}

/** A database that nobody has put anything else into. */
async function dropEmpty(connection: PoolConnection, database: string): Promise<void> {
  const left = await column(
    connection,
    'SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?',
    [database],
  );
  if (left.length === 0) await connection.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(database)}`);
}

async function exists(connection: PoolConnection, { database, table }: TableName): Promise<boolean> {
  const found = await column(
    connection,
    'SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [database, table],
  );
  return found.length > 0;
}

async function column(
  connection: PoolConnection,
  sql: string,
  values: readonly string[],
): Promise<readonly string[]> {
  const [rows] = await connection.query<RowDataPacket[]>({ sql, values: [...values], rowsAsArray: true });
  return rows.map((row) => String(row[0]));
}
