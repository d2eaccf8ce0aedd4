import type { TableName } from '@sluice/envelope';
import { quoteIdentifier, quoteTable } from '@sluice/mysql';
import type { Connection } from 'mysql2/promise';
import { readGrants } from '../source/grants.ts';
import { queryRows } from '../source/query.ts';

/**
 * Whether these tables all have had an engine with transactions since before an instant: what they are now may be later than
 * the stream. One that was made or rebuilt since then is not known.
 *
 * @param before seconds since 1970
 */
export async function areTransactional(
  connection: Connection,
  tables: readonly TableName[],
  before: number,
): Promise<boolean> {
  const rows = await queryRows(
    connection,
    `SELECT /*+ SET_VAR(information_schema_stats_expiry = 0) */ t.TABLE_NAME AS name
     FROM information_schema.TABLES t JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE
     WHERE e.TRANSACTIONS = 'YES' AND t.CREATE_TIME < FROM_UNIXTIME(?)
       AND (${tables.map(() => '(BINARY t.TABLE_SCHEMA = BINARY ? AND BINARY t.TABLE_NAME = BINARY ?)').join(' OR ')})`,
    [before, ...tables.flatMap(({ database, table }) => [database, table])],
  );
  return rows.length === tables.length;
}

/** Schemas of the servers: their tables cannot have triggers, and hosted servers log heartbeats there as statements. */
const WITHOUT_TRIGGERS: ReadonlySet<string> = new Set(['mysql', 'performance_schema', 'information_schema']);

/** Whether tables of the database change no others, whatever the server says. */
export function isServersOwn(database: string): boolean {
  return WITHOUT_TRIGGERS.has(database.toLowerCase());
}

/**
 * Whether a change of the table changes no rows of others: it is a table that keeps its rows itself (no view, no MERGE), has no
 * trigger, and no other table refers to the rows that are changed; false when the account cannot see that. So it is now, not
 * when it was changed.
 *
 * @param change whether the table is perhaps a temporary one, of which the server shows nothing; whether rows that were there may
 * be others after it: a foreign key acts on an UPDATE or a DELETE of the row that is referred to, never on an INSERT
 * (manual of MySQL 8.4, 15.1.20.5; REPLACE and ON DUPLICATE KEY UPDATE are such)
 */
export async function changesNoOther(
  connection: Connection,
  name: TableName,
  { mayBeTemporary, touchesOld }: { readonly mayBeTemporary: boolean; readonly touchesOld: boolean },
): Promise<boolean> {
  const grants = await readGrants(connection);
  const holds = (privilege: string): boolean =>
    grants.some((grant) => grantsAll(grant, privilege, name.database));
  if (!holds('TRIGGER') && !(mayBeTemporary && holds('SELECT'))) return false;
  const table = await tableNamed(connection, name);
  if (table === null) return mayBeTemporary;
  if (!holds('TRIGGER') || !keepsItsRows(table)) return false;
  if (await hasTrigger(connection, name)) return false;
  return !touchesOld || !(await isReferredTo(connection, name));
}

interface TableKind {
  readonly type: string;
  readonly engine: string;
}

function keepsItsRows({ type, engine }: TableKind): boolean {
  return (type === 'BASE TABLE' || type === 'SYSTEM VERSIONED') && !/^MRG_/iu.test(engine);
}

/** Null when the server shows none of that name. */
async function tableNamed(connection: Connection, { database, table }: TableName): Promise<TableKind | null> {
  const [found] = await queryRows(
    connection,
    `SELECT TABLE_TYPE AS type, ENGINE AS engine FROM information_schema.TABLES
     WHERE BINARY TABLE_SCHEMA = BINARY ? AND BINARY TABLE_NAME = BINARY ? LIMIT 1`,
    [database, table],
  );
  return found === undefined ? null : { type: String(found['type']), engine: String(found['engine']) };
}

async function hasTrigger(connection: Connection, { database, table }: TableName): Promise<boolean> {
  const found = await queryRows(
    connection,
    `SELECT 1 FROM information_schema.TRIGGERS
     WHERE BINARY EVENT_OBJECT_SCHEMA = BINARY ? AND BINARY EVENT_OBJECT_TABLE = BINARY ? LIMIT 1`,
    [database, table],
  );
  return found.length > 0;
}

/** Whatever its foreign key says: MariaDB tells that only to who may do more than SELECT. */
async function isReferredTo(connection: Connection, { database, table }: TableName): Promise<boolean> {
  const found = await queryRows(
    connection,
    `SELECT 1 FROM information_schema.KEY_COLUMN_USAGE
     WHERE BINARY REFERENCED_TABLE_SCHEMA = BINARY ? AND BINARY REFERENCED_TABLE_NAME = BINARY ?
       AND NOT (BINARY TABLE_SCHEMA = BINARY ? AND BINARY TABLE_NAME = BINARY ?) LIMIT 1`,
    [database, table, database, table],
  );
  return found.length > 0;
}

/**
 * Whether the account sees the triggers of a table: information_schema.TRIGGERS shows those of tables on which it has TRIGGER.
 * @param grants lines of SHOW GRANTS
 */
export function seesTriggers(grants: readonly string[], { database, table }: TableName): boolean {
  const onTable = ` ON ${quoteTable(database, table)} TO `;
  return grants.some(
    (grant) =>
      grantsAll(grant, 'TRIGGER', database) ||
      (grant.includes(onTable) && /^GRANT [^`]*\b(?:TRIGGER|ALL PRIVILEGES)\b[^`]* ON `/u.test(grant)),
  );
}

/** Whether a line of SHOW GRANTS gives a privilege on everything in the database. */
function grantsAll(grant: string, privilege: string, database: string): boolean {
  const [, privileges = '', on = ''] = /^GRANT ([^`]*) ON (\*\.\*|`(?:[^`]|``)*`\.\*) TO /u.exec(grant) ?? [];
  if (on !== '*.*' && on !== `${quoteIdentifier(database)}.*`) return false;
  return privileges.split(', ').some((given) => given === privilege || given === 'ALL PRIVILEGES');
}
