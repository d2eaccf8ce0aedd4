import { quoteTable, type PoolConnection } from '@sluice/mysql';

const FLOORS = ['sluice_floors', 'topic, table_name, sequence'] as const;

/**
 * What the filling sink knows of deletes, truncates and schema changes goes to the sink, which comes behind it: an older change of a row
 * that is deleted in the new table must not bring it back, an older schema record must not alter the table back, and no row of
 * before the newest one that every partition has shown is missing there. The newer of the two counts. Safe to repeat.
 */
export async function mergeGuards(connection: PoolConnection, from: string, to: string): Promise<void> {
  for (const [table, columns] of [
    ['sluice_tombstones', 'topic, `partition`, key_digest, sequence, deleted_at'],
    FLOORS,
    ['sluice_table_shapes', 'topic, table_name, `partition`, sequence'],
  ] as const)
    await merge(connection, to, [table, columns], `SELECT ${columns} FROM ${quoteTable(from, table)}`);
  const shown = `SELECT topic, table_name, MIN(sequence) AS sequence FROM ${quoteTable(from, 'sluice_table_shapes')} GROUP BY topic, table_name`;
  await merge(connection, to, FLOORS, shown);
}

async function merge(
  connection: PoolConnection,
  to: string,
  [table, columns]: readonly [string, string],
  rows: string,
): Promise<void> {
  await connection.query(
    `INSERT INTO ${quoteTable(to, table)} (${columns}) SELECT ${columns} FROM (${rows}) AS filled
      ON DUPLICATE KEY UPDATE sequence = GREATEST(${quoteTable(to, table)}.sequence, filled.sequence)`,
  );
}
