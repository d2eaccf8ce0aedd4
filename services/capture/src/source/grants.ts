import type { Connection } from 'mysql2/promise';
import { queryRows } from './query.ts';

/** The lines of SHOW GRANTS for the account that is connected; privileges of active roles are among them. */
export async function readGrants(connection: Connection): Promise<readonly string[]> {
  const rows = await queryRows(connection, 'SHOW GRANTS');
  return rows.flatMap((row) => Object.values(row).map(String));
}
