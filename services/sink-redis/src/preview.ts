import type { TableOutline } from '@sluice/envelope';
import { parseSection, type SluiceConfig } from '@sluice/runtime';
import type { TablePreview } from '@sluice/sink-kit';
import { redisConfigSchema } from './config.ts';
import { tablePrefix } from './redis-mapper.ts';

/** The keys of a table's rows, and what stands under them. */
export function previewTable(config: SluiceConfig, table: TableOutline, sink: string): TablePreview {
  const { keyPrefix, format } = parseSection(config, ['sinks', sink], redisConfigSchema);
  const { database, table: name, keyColumns, columns } = table;
  const target = `${tablePrefix(keyPrefix, database, name)}${keyColumns.map((key) => `<${key}>`).join(':')}`;
  const kind = format === 'json' ? 'a string of JSON' : 'a hash of text fields';
  return { target, definition: `${kind}: _sequence, ${columns.map((column) => column.name).join(', ')}` };
}
