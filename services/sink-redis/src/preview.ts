import type { TableOutline } from '@sluice/envelope';
import { parseSection, type SluiceConfig } from '@sluice/runtime';
import type { TablePreview } from '@sluice/sink-kit';
import { redisConfigSchema } from './config.ts';
import { RowKeys } from './row-keys.ts';

/** The keys of a table's rows, and what stands under them. Throws REDIS_KEY_TEMPLATE for a template that names other columns than the key has. */
export function previewTable(config: SluiceConfig, table: TableOutline, sink: string): TablePreview {
  const section = parseSection(config, ['sinks', sink], redisConfigSchema);
  const keys = new RowKeys(section, `sinks.${sink}`).of(table);
  const { place, template, ttlSeconds } = keys;
  const { keyColumns, columns } = table;
  const names = keyColumns.map((name) => [name, `<${name}>`] as const);
  if (template !== null) keys.rowKey(Object.fromEntries(names), JSON.stringify(Object.fromEntries(names)));
  const target =
    template === null
      ? `${place}${names.map(([, name]) => name).join(':')}`
      : `${section.keyPrefix}${template.replaceAll('{', '<').replaceAll('}', '>')}`;
  const kind = section.format === 'json' ? 'a string of JSON' : 'a hash of text fields';
  const life = ttlSeconds === null ? '' : `, removed ${ttlSeconds} s after its last change`;
  return {
    target,
    definition: `${kind}${life}: _sequence, ${columns.map((column) => column.name).join(', ')}`,
  };
}
