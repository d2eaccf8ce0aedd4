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
  /** Whether `source.excludeTables` keeps the table from being captured. */
  isExcluded(database: string, table: string): boolean;
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
  const anyFits = (patterns: typeof included, database: string, table: string): boolean =>
    patterns.some((pattern) => pattern(database, table));
  const isExcluded = (database: string, table: string): boolean => anyFits(excluded, database, table);
  const matches = (database: string, table: string): boolean =>
    !SYSTEM_DATABASES.has(database) &&
    !isOwnTable(table) &&
    anyFits(included, database, table) &&
    !isExcluded(database, table);
  const isShadow = (database: string, table: string): boolean =>
    shadowedNames(table).some((name) => matches(database, name)) && !named.has(tableId(database, table));
  return {
    captures: (database, table) => matches(database, table) && !isShadow(database, table),
    isExcluded,
    isShadow,
    isShadowOf: (shadow, { database, table }) =>
      shadow.database === database && isShadow(database, shadow.table) && isShadowOf(shadow.table, table),
  };
}
