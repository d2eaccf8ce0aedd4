import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { knownDifferences } from './known-differences.ts';
import type { TableResult } from './value-run.ts';

const FOLDER = join(import.meta.dirname, 'results');

/** File of the results on a server. */
export function resultsFile(server: string): string {
  return join(FOLDER, `${server.toLowerCase().replaceAll(' ', '-')}.json`);
}

/** With what a run has found its results. */
export interface SeenWith {
  /** Of the source server. */
  readonly version: string;
  /** Kafka and the stores, in words. */
  readonly others: string;
  /** Of the code: `codeIdentity`. */
  readonly commit: string;
}

/**
 * Keeps what a run has found on a server; `docs/types.md` is made of these files. What differs from run to run (names
 * of databases) is left out, so that a run of the same code without news changes nothing.
 */
export async function writeResults(
  server: string,
  seenWith: SeenWith,
  results: readonly TableResult[],
): Promise<void> {
  const tables = results.map(({ table, examples, topic, sinks }) => {
    const { family, title } = table;
    const differences: Record<string, string> = { ...topic, ...sinks.together };
    for (const { place, reason } of knownDifferences(title, server)) differences[place] = reason;
    return { family, title, examples, differences };
  });
  await mkdir(FOLDER, { recursive: true });
  await writeFile(resultsFile(server), `${JSON.stringify({ server, ...seenWith, tables }, null, 1)}\n`);
}
