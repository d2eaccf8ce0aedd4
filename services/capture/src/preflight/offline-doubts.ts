import { parseTableId, tableIdOf, type TableName } from '@sluice/envelope';
import type { TablesConfig } from '@sluice/runtime';
import { hides, settingsOf } from '../transform/table-settings.ts';

/** A table of the source, with the names of its columns. */
export interface OfflineTable extends TableName {
  readonly columns: readonly string[];
}

/**
 * Why a table may be one of which settings hide something under the name that it had: capture knows of renames by what it has published, and
 * nobody does offline. Null where nothing speaks for it, or settings speak of the table by its name. Pure.
 * @param isThere whether the source has a table
 */
export function hiddenElsewhere(
  table: OfflineTable,
  tables: TablesConfig,
  isThere: (name: TableName) => boolean,
): string | null {
  if (settingsOf(tables, table.database, table.table) !== null) return null;
  const names = new Set(table.columns.map((name) => name.toLowerCase()));
  for (const [pattern, { columns, where }] of Object.entries(tables)) {
    if (/[*?]/.test(pattern)) continue;
    const gone = parseTableId(pattern);
    if (isThere(gone)) continue;
    const hidden = Object.keys(columns).find(
      (name) => columns[name] !== undefined && hides(columns[name]) && names.has(name.toLowerCase()),
    );
    const what = hidden === undefined ? null : `the column ${hidden}`;
    const rows = where !== undefined && gone.database === table.database ? 'rows' : null;
    if ((what ?? rows) !== null)
      return `it may be ${tableIdOf(gone)} under another name, of which \`tables\` hides ${what ?? rows}: say under \`tables\` what is hidden of it, or compare while the pipeline runs`;
  }
  return null;
}
