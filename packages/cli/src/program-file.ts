import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Of the repository, or of what `npm run build` makes of it: the same folders, `.js` files. */
export const ROOT = join(import.meta.dirname, '../../..');

const EXTENSION = extname(import.meta.filename);

/** Path of a module that is named by its source, such as `services/capture/src/main.ts`. */
export function programFile(source: string): string {
  return join(ROOT, source.replace(/\.ts$/, EXTENSION));
}

/** Imports such a module; `T` is what the caller knows it to export. */
export async function importProgram<T>(source: string): Promise<T> {
  return (await import(pathToFileURL(programFile(source)).href)) as T;
}
