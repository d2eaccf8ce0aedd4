import { TopicReader } from '@sluice/kafka';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import { readHistory } from './schema-history.ts';
import { TableRegistry } from './table-registry.ts';
import type { TableShape } from '../model/table.ts';

/** The tables of the schema history as it is now. Another capture may still be running: to check settings, not to go on from. */
export async function knownTables(settings: CaptureSettings, signal: AbortSignal): Promise<TableRegistry> {
  const registry = new TableRegistry(settings.routing, settings.shaper);
  const reader = new TopicReader({ kafka: settings.config.kafka, signal });
  try {
    for (const record of await readHistory(reader, settings.prefix)) registry.restore(record);
    return registry;
  } finally {
    reader.close();
  }
}

/** Those that the settings of now capture, whether they are still there or not. */
export function capturedShapes({ filter }: CaptureSettings, known: TableRegistry): readonly TableShape[] {
  return [...known.shapes()].filter(({ database, table }) => filter.captures(database, table));
}
