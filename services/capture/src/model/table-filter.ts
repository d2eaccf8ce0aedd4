import { tableId, type TableName, tablePattern, toTableId } from '@sluice/envelope';
import { isShadowOf, shadowedNames } from './shadow-tables.ts';

/** Tables that belong to Sluice itself or to the server: never captured, whatever the patterns say. */
const SYSTEM_DATABASES = new Set(['mysql', 'information_schema', 'performance_schema', 'sys']);

function isOwnTable(table: string): boolean {
  return table === 'cdc_offsets' || table.startsWith('sluice_');
}

export interface TableFilter {
  /** Whether the table's rows are published. */
  captures(database: string, table: string): boolean;
  /**
   * Whether the table is left out although the patterns name it: it is what an online schema change makes beside a captured
   * table. One that `source.tables` names without wildcards is never taken for such.
   */
  isShadow(database: string, table: string): boolean;
  /** Whether `shadow` may become `table` at the end of an online schema change, or be what is left of it. */
  isShadowOf(shadow: TableName, table: TableName): boolean;
}

/**
 * @param include patterns of tables (`source.tables`)
 * @param exclude patterns that win over the includes (`source.excludeTables`)
 */
export function createTableFilter(include: readonly string[], exclude: readonly string[]): TableFilter {
  const included = include.map(tablePattern);
  const excluded = exclude.map(tablePattern);
  const named = new Set(include.map(toTableId));
  const matches = (database: string, table: string): boolean => {
    if (SYSTEM_DATABASES.has(database) || isOwnTable(table)) return false;
    const fits = (pattern: (typeof included)[number]): boolean => pattern(database, table);
    return included.some(fits) && !excluded.some(fits);
  };
  const isShadow = (database: string, table: string): boolean =>
    shadowedNames(table).some((name) => matches(database, name)) && !named.has(tableId(database, table));
  return {
    captures: (database, table) => matches(database, table) && !isShadow(database, table),
    isShadow,
    isShadowOf: (shadow, { database, table }) =>
      shadow.database === database && isShadow(database, shadow.table) && isShadowOf(shadow.table, table),
  };
}
