import type { TableOutline } from '@sluice/envelope';
import { quoteTable } from '@sluice/mysql';
import { parseSection, type SluiceConfig } from '@sluice/runtime';
import type { TablePreview } from '@sluice/sink-kit';
import { mysqlSinkSchema, targetTable } from './config.ts';
import { createTable } from './table-definition.ts';

/** The statement that would create the table on a MySQL target; on MariaDB collations and some types differ. */
export function previewTable(config: SluiceConfig, table: TableOutline, sink: string): TablePreview {
  const section = parseSection(config, ['sinks', sink], mysqlSinkSchema);
  const name = targetTable(section, table);
  const target = quoteTable(name.database, name.table);
  return { target, definition: `${createTable(target, table, 'mysql')};` };
}
