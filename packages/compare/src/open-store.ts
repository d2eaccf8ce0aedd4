import { parseSection } from '@sluice/runtime';
import { importPart, sinkSchema } from '@sluice/sink-kit/installed';
import type { ComparedSink } from './sink-table.ts';

/** What a sink's `./compare` exports. */
interface StoreReader {
  /**
   * @param settings the section as the sink's own schema gives it: with its defaults, its secrets to be read
   * @param setting path of the section, for messages
   */
  readonly openStore: (settings: unknown, setting: string) => Promise<ComparedSink>;
}

/**
 * @param settings the section as it stands in the file
 * @throws CONFIG_INVALID for a section that the sink would not start with, and when the sink is not installed or has no `./compare`
 */
export async function openStore(name: string, settings: object): Promise<ComparedSink> {
  const config = { sinks: { [name]: { ...settings } } };
  const schema = await sinkSchema(name, config);
  const reader = await importPart<StoreReader>(name, './compare', config);
  if (schema === null || reader === null)
    throw new Error(`sink ${name} is not installed, or has no ./compare`);
  return await reader.openStore(parseSection(config, ['sinks', name], schema), `sinks.${name}`);
}
