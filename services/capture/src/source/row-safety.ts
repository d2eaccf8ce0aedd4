import { quoteIdentifier } from '@sluice/mysql';
import type { Connection } from 'mysql2/promise';
import type { TableName } from '../stream/statement-text.ts';
import { queryRows } from './query.ts';

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

/**
 * Whether a change of the table fires no trigger, which could change rows of others; false when the account cannot see that.
 *
 * @param mayBeTemporary that it is perhaps a temporary one, which has no triggers: then there is none of its name for all
 */
export async function firesNothing(
  connection: Connection,
  { database, table }: TableName,
  mayBeTemporary: boolean,
): Promise<boolean> {
  if (WITHOUT_TRIGGERS.has(database.toLowerCase())) return true;
  const rows = await queryRows(connection, 'SHOW GRANTS');
  const grants = rows.flatMap((row) => Object.values(row).map(String));
  const holds = (privilege: string): boolean => grants.some((grant) => grantsAll(grant, privilege, database));
  if (holds('TRIGGER')) {
    const [trigger] = await queryRows(
      connection,
      `SELECT 1 FROM information_schema.TRIGGERS
       WHERE BINARY EVENT_OBJECT_SCHEMA = BINARY ? AND BINARY EVENT_OBJECT_TABLE = BINARY ? LIMIT 1`,
      [database, table],
    );
    return trigger === undefined;
  }
  if (!mayBeTemporary || !holds('SELECT')) return false;
  const [found] = await queryRows(
    connection,
    `SELECT 1 FROM information_schema.TABLES WHERE BINARY TABLE_SCHEMA = BINARY ? AND BINARY TABLE_NAME = BINARY ? LIMIT 1`,
    [database, table],
  );
  return found === undefined;
}

/** Whether a line of SHOW GRANTS gives a privilege on everything in the database. */
function grantsAll(grant: string, privilege: string, database: string): boolean {
  const [, privileges = '', on = ''] = /^GRANT ([^`]*) ON (\*\.\*|`(?:[^`]|``)*`\.\*) TO /u.exec(grant) ?? [];
  if (on !== '*.*' && on !== `${quoteIdentifier(database)}.*`) return false;
  return privileges.split(', ').some((given) => given === privilege || given === 'ALL PRIVILEGES');
}
