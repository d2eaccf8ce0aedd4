import { quoteTable, type PoolConnection, type RowDataPacket } from '@sluice/mysql';

const SHAPES = 'sluice_table_shapes';
const FLOORS = ['sluice_floors', 'topic, table_name, sequence'] as const;

/**
 * What the filling sink knows of deletes, truncates and schema changes goes to the sink, which comes behind it: an older change of a row
 * that is deleted in the new table must not bring it back, an older schema record must not alter the table back, and no row of
 * before the newest one that every partition has shown is missing there. The newer of the two counts. Safe to repeat, also
 * when tables of `from` are gone: they go after this has been done.
 */
export async function mergeGuards(connection: PoolConnection, from: string, to: string): Promise<void> {
  const present = await tablesOf(connection, from);
  for (const [table, columns] of [
    ['sluice_tombstones', 'topic, `partition`, key_digest, sequence, deleted_at'],
    FLOORS,
    [SHAPES, 'topic, table_name, `partition`, sequence'],
  ] as const)
    if (present.has(table))
      await merge(connection, to, [table, columns], `SELECT ${columns} FROM ${quoteTable(from, table)}`);
  if (!present.has(SHAPES)) return;
  const shown = `SELECT topic, table_name, MIN(sequence) AS sequence FROM ${quoteTable(from, SHAPES)} GROUP BY topic, table_name`;
  await merge(connection, to, FLOORS, shown);
}

async function tablesOf(connection: PoolConnection, database: string): Promise<ReadonlySet<string>> {
  const [rows] = await connection.query<RowDataPacket[]>({
    sql: 'SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?',
    values: [database],
    rowsAsArray: true,
  });
  return new Set(rows.map((row) => String(row[0])));
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
