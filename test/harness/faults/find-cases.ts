import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FaultCase } from './fault-case.ts';

export interface NamedCase {
  /** Name of its file. */
  readonly name: string;
  readonly fault: FaultCase;
}

const SUFFIX = '.fault.ts';

/** Every case of the folder by name; those that share a pipeline come first. */
export async function findCases(folder: string): Promise<NamedCase[]> {
  const files = readdirSync(folder).filter((file) => file.endsWith(SUFFIX));
  const found = await Promise.all(
    files.sort().map(async (file) => {
      const { fault } = (await import(pathToFileURL(join(folder, file)).href)) as { fault: FaultCase };
      return { name: file.slice(0, -SUFFIX.length), fault };
    }),
  );
  const isAlone = ({ fault }: NamedCase): number => (fault.pipeline === undefined ? 0 : 1);
  return found.sort((a, b) => isAlone(a) - isAlone(b));
}
