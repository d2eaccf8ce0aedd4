import { quoteTable, type PoolConnection } from '@sluice/mysql';

/**
 * What the filling sink knows of deletes and truncates goes to the sink, which comes behind it: an older change of a row that is deleted in
 * the new table must not bring it back. The newer of the two counts. Safe to repeat.
 */
export async function mergeGuards(connection: PoolConnection, from: string, to: string): Promise<void> {
  for (const [table, columns] of [
    ['sluice_tombstones', 'topic, `partition`, key_digest, sequence, deleted_at'],
    ['sluice_floors', 'topic, table_name, sequence'],
  ] as const)
    await connection.query(
      `INSERT INTO ${quoteTable(to, table)} (${columns}) SELECT ${columns} FROM ${quoteTable(from, table)} AS filled
        ON DUPLICATE KEY UPDATE sequence = GREATEST(${quoteTable(to, table)}.sequence, filled.sequence)`,
    );
}
