import { tableIdOf, type TableName } from '@sluice/envelope';
import { quoteTable, type Connection } from '@sluice/mysql';
import { seesTriggers } from '../catalog/row-safety.ts';
import { readGrants } from '../source/grants.ts';
import { queryRows } from '../source/query.ts';
import { refused } from './masters.ts';

/**
 * The binlog has what triggers did on the old master: they would do it again. Throws ORPHANS_REFUSED for a table that has one, and
 * for one whose triggers the account does not see: a server shows those of tables on which it has TRIGGER.
 *
 * @param account as GRANT reads it
 */
export async function refuseTriggers(
  connection: Connection,
  account: string,
  tables: readonly TableName[],
): Promise<void> {
  const grants = await readGrants(connection);
  for (const { database, table } of tables)
    if (!seesTriggers(grants, { database, table }))
      throw refused(
        `whether ${tableIdOf({ database, table })} has a trigger cannot be seen: GRANT TRIGGER ON ${quoteTable(database, table)} TO ${account}`,
      );
  const rows = await queryRows(
    connection,
    'SELECT EVENT_OBJECT_SCHEMA AS db, EVENT_OBJECT_TABLE AS name, TRIGGER_NAME AS fires FROM information_schema.TRIGGERS',
  );
  const names = new Set(tables.map(tableIdOf));
  const found = rows.find((row) =>
    names.has(tableIdOf({ database: String(row['db']), table: String(row['name']) })),
  );
  if (found === undefined) return;
  throw refused(
    `trigger ${String(found['fires'])} of ${String(found['db'])}.${String(found['name'])} would add to what is put on the new master: drop it, and make it again afterwards`,
  );
}
