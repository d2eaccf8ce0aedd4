import { importPart } from '@sluice/sink-kit/installed';
import type { ComparedSink } from './sink-table.ts';

/** What a sink's `./compare` exports. */
interface StoreReader {
  /** @param setting path of the section, for messages */
  readonly openStore: (settings: object, setting: string) => Promise<ComparedSink>;
}

/** Throws when the sink is not installed, or has no `./compare`. */
export async function openStore(name: string, settings: object): Promise<ComparedSink> {
  const section = { ...settings };
  const reader = await importPart<StoreReader>(name, './compare', { sinks: { [name]: section } });
  if (reader === null) throw new Error(`sink ${name} is not installed, or has no ./compare`);
  return await reader.openStore(section, `sinks.${name}`);
}
