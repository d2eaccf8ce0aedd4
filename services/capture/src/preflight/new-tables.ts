import { tableIdOf, type TableName } from '@sluice/envelope';
import type { SluiceConfig } from '@sluice/runtime';
import type { RefusedTable } from './refused-tables.ts';

/**
 * With `source.newTables: refuse`, why a table is not captured that came since; null for one that may be captured.
 * @param known tables, as `database.table`, that were there at the first start with this setting; null before it
 */
export function newcomerOf(
  { source }: Pick<SluiceConfig, 'source'>,
  known: ReadonlySet<string> | null,
  table: TableName,
): RefusedTable | null {
  const id = tableIdOf(table);
  if (source.newTables === 'capture' || known === null || known.has(id) || source.tables.includes(id))
    return null;
  return {
    id,
    code: 'TABLE_NEW',
    why: `found a new table, and source.newTables is \`refuse\`. Fix: configure under \`tables\` which of its columns are hidden, add "${id}" to source.tables, and start capture again`,
  };
}

/** The tables that may be captured from now on, as `database.table`; null where new ones are captured like the others. */
export function tablesKnown(
  { source }: Pick<SluiceConfig, 'source'>,
  before: readonly string[] | undefined,
  tables: readonly TableName[],
): readonly string[] | null {
  if (source.newTables === 'capture') return null;
  return [...new Set([...(before ?? []), ...tables.map(tableIdOf)])];
}
