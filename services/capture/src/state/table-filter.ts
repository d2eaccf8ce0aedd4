/** Tables that belong to Sluice itself or to the server: never captured, whatever the patterns say. */
const SYSTEM_DATABASES = new Set(['mysql', 'information_schema', 'performance_schema', 'sys']);

function isOwnTable(table: string): boolean {
  return table === 'cdc_offsets' || table.startsWith('sluice_');
}

/** `*` is any text, `?` one character; everything else is itself. */
export function tablePattern(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'su');
}

export interface TableFilter {
  /** Whether the table's rows are published. */
  captures(database: string, table: string): boolean;
}

/**
 * @param include globs over `database.table` (`source.tables`)
 * @param exclude globs that win over the includes (`source.excludeTables`)
 */
export function createTableFilter(include: readonly string[], exclude: readonly string[]): TableFilter {
  const included = include.map(tablePattern);
  const excluded = exclude.map(tablePattern);
  return {
    captures(database, table) {
      if (SYSTEM_DATABASES.has(database) || isOwnTable(table)) return false;
      const name = `${database}.${table}`;
      return (
        included.some((pattern) => pattern.test(name)) && !excluded.some((pattern) => pattern.test(name))
      );
    },
  };
}
