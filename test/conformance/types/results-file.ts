import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TableResult } from './value-run.ts';

const FOLDER = join(import.meta.dirname, 'results');

/**
 * Keeps what a run has found on a server; `docs/types.md` is made of these files. What differs from run to run (names
 * of databases) is left out, so that a run without news changes nothing.
 */
export async function writeResults(
  server: string,
  version: string,
  results: readonly TableResult[],
): Promise<void> {
  const tables = results.map(({ table, examples, topic, sinks }) => ({
    family: table.family,
    title: table.title,
    examples,
    differences: { ...topic, ...sinks },
  }));
  const file = `${server.toLowerCase().replaceAll(' ', '-')}.json`;
  await mkdir(FOLDER, { recursive: true });
  await writeFile(join(FOLDER, file), `${JSON.stringify({ server, version, tables }, null, 1)}\n`);
}
