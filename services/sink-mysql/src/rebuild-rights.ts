import { quoteAccount, quoteIdentifier, type PoolConnection, type RowDataPacket } from '@sluice/mysql';
import { readGrants, ROW_RIGHTS, TABLE_RIGHTS } from './grants.ts';

const WANTED = [...ROW_RIGHTS, ...TABLE_RIGHTS, 'DROP'] as const;

/** What the account may not do that a rebuild does, with the statements that allow it; null when it may all, or where roles may bring more. */
export async function missingRights(
  connection: PoolConnection,
  user: string,
  databases: ReadonlySet<string>,
): Promise<string | null> {
  const grants = readGrants(await column(connection, 'SHOW GRANTS'));
  if (!grants.isComplete) return null;
  const [current = ''] = await column(connection, 'SELECT CURRENT_USER()');
  const lacking = [...databases].filter((database) => grants.missing(database, WANTED).length > 0);
  if (lacking.length === 0) return null;
  const statements = lacking.map(
    (database) => `GRANT ${WANTED.join(', ')} ON ${quoteIdentifier(database)}.* TO ${quoteAccount(current)};`,
  );
  return `"${user}" lacks rights on ${lacking.join(', ')}: ${statements.join(' ')}`;
}

async function column(connection: PoolConnection, sql: string): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>({ sql, rowsAsArray: true });
  return rows.map((row) => String(row[0]));
}
