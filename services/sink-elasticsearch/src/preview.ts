import type { TableOutline } from '@sluice/envelope';
import { parseSection, type SluiceConfig } from '@sluice/runtime';
import type { TablePreview } from '@sluice/sink-kit';
import { elasticsearchSchema } from './config.ts';
import { indexDefinition } from './index-definition.ts';
import { tableIndex } from './table-index.ts';

/** The request that would create the index of a table. */
export function previewTable(config: SluiceConfig, table: TableOutline, sink: string): TablePreview {
  const section = parseSection(config, ['sinks', sink], elasticsearchSchema);
  const index = tableIndex(section, table);
  const definition = indexDefinition(section, index, table.columns);
  return { target: index, definition: `PUT /${index}\n${JSON.stringify(definition, null, 2)}` };
}
