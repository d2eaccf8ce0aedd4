import { readFile, writeFile } from 'node:fs/promises';
import type { CommandEnd } from '../processes/sluice-command.ts';

interface Listed {
  readonly transactions: number;
  readonly orphans: readonly {
    readonly gtid: string;
    readonly tables: readonly { readonly table: string; readonly counts: Readonly<Record<string, number>> }[];
  }[];
}

/** The GTIDs of `orphans list`, and how many rows of each table were inserted, updated and deleted. */
export function outlineOf({ document, said }: CommandEnd) {
  if (document === null) throw new Error(said);
  return (document as Listed).orphans.map(({ gtid, tables }) => ({
    gtid,
    does: Object.fromEntries(
      tables.map(({ table, counts }) => [table, [counts['INSERT'], counts['UPDATE'], counts['DELETE']]]),
    ),
  }));
}

interface ListedConflict {
  readonly table: string;
  readonly key: { readonly id: number };
}

/** What reapply has counted, and the ids of the rows that it has left. */
export function countsOf({ document, said }: CommandEnd) {
  if (document === null) throw new Error(said);
  const { applied, already, conflicts } = document as {
    readonly applied: number;
    readonly already: number;
    readonly conflicts: readonly ListedConflict[];
  };
  return { applied, already, conflicts: conflicts.map(({ key }) => key.id) };
}

/** Why reapply has left rows. */
export function whysOf({ document, said }: CommandEnd): string[] {
  if (document === null) throw new Error(said);
  return (document as { readonly conflicts: readonly { readonly why: string }[] }).conflicts.map(
    ({ why }) => why,
  );
}

/** Writes decisions into a list of conflicts, by the ids of the rows. */
export async function decide(path: string, choices: Readonly<Record<number, string>>): Promise<void> {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  const decided = lines.map((line) => {
    const conflict = JSON.parse(line) as ListedConflict;
    return JSON.stringify({ ...conflict, decision: choices[conflict.key.id] ?? null });
  });
  await writeFile(path, decided.join('\n'));
}
