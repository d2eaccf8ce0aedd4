import type { TableMap } from '@sluice/binlog';

/** Columns of a SEQUENCE, in order: https://mariadb.com/docs/server/reference/sql-structure/sequences/sequence-overview */
const SEQUENCE_COLUMNS =
  'next_not_cached_value minimum_value maximum_value start_value increment cache_size cycle_option cycle_count';

/**
 * Whether a table map is of a SEQUENCE: MariaDB logs its steps as INSERTs of one row into a table without a key. Asked of
 * the map and not of the server, where it may be gone.
 */
export function isSequenceTable({ columns, primaryKey }: TableMap): boolean {
  return primaryKey.length === 0 && columns.map(({ name }) => name).join(' ') === SEQUENCE_COLUMNS;
}
