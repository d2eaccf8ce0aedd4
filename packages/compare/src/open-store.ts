import { importPart } from '@sluice/sink-kit/installed';
import type { ComparedSink } from './sink-table.ts';

/** What a sink's `./compare` exports. */
interface StoreReader {
  readonly openStore: (settings: object) => Promise<ComparedSink>;
}

/** Throws when the sink is not installed, or has no `./compare`. */
export async function openStore(name: string, settings: object): Promise<ComparedSink> {
  const section = { ...settings };
  const reader = await importPart<StoreReader>(name, './compare', { sinks: { [name]: section } });
  if (reader === null) throw new Error(`sink ${name} is not installed, or has no ./compare`);
  return await reader.openStore(section);
}
