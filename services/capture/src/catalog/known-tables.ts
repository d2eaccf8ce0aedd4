import type { CaptureSettings } from '../settings/capture-settings.ts';
import { keptTopicsReader } from './kept-topics.ts';
import { SchemaHistory } from './schema-history.ts';
import { TableRegistry } from './table-registry.ts';
import type { TableSchema } from '../model/table.ts';

/** The schema history as it is now. Another capture may still be running: to check settings, not to go on from. */
export async function readHistory(settings: CaptureSettings, signal: AbortSignal): Promise<SchemaHistory> {
  const history = new SchemaHistory(settings.prefix, settings.seals);
  const reader = keptTopicsReader(settings, signal);
  try {
    await history.refresh(reader);
    return history;
  } finally {
    reader.close();
  }
}

/** The tables of the schema history. */
export function knownTables(settings: CaptureSettings, history: SchemaHistory): TableRegistry {
  const registry = new TableRegistry(settings.routing, settings.compiler);
  for (const record of history.newest) registry.restore(record);
  return registry;
}

/** Those that the settings of now capture, whether they are still there or not. */
export function capturedSchemas({ filter }: CaptureSettings, known: TableRegistry): readonly TableSchema[] {
  return [...known.schemas()].filter(({ database, table }) => filter.captures(database, table));
}
