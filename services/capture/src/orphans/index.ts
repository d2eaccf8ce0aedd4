import { SQL_FILE_HEAD } from '@sluice/mysql';
import { findOrphans, type OrphanFindings, type OrphanSource } from './find-orphans.ts';
import { EnvelopeDump, SqlDump, together, type Write } from './dump-orphans.ts';
import { Flashback } from './flashback.ts';
import type { OrphanTransaction } from './orphan.ts';
import { SqlStatements } from './sql-statements.ts';

export type { OrphanFindings, OrphanSource } from './find-orphans.ts';
export type { OrphanTransaction } from './orphan.ts';
export { readDecisions } from './decisions.ts';
export { reapplyOrphans, type Reapplied, type ReapplyOrder } from './reapply-orphans.ts';

export interface OrphanList extends OrphanFindings {
  readonly orphans: readonly OrphanTransaction[];
}

/** The transactions that the new master does not have, in the order of the old master's binlog. Throws as `findOrphans`. */
export async function listOrphans(source: OrphanSource): Promise<OrphanList> {
  const orphans: OrphanTransaction[] = [];
  const { findings } = await findOrphans(source, () => ({
    rows: () => undefined,
    commit: (transaction) => void orphans.push(transaction),
  }));
  return { ...findings, orphans };
}

export interface OrphanDump extends OrphanFindings {
  /** Rows of tables that capture does not capture: they have no envelope. */
  readonly leftOut: number;
}

/** Writes the orphans as envelopes, a line each, and as SQL. Throws as `findOrphans`, and ORPHANS_REFUSED for what is no change of a row. */
export async function dumpOrphans(
  source: OrphanSource,
  { envelopes, sql }: { readonly envelopes: Write | null; readonly sql: Write | null },
): Promise<OrphanDump> {
  sql?.(`-- Orphaned transactions of the old master, in their order.\n${SQL_FILE_HEAD}`);
  const { findings, consumer } = await findOrphans(source, (tables, { flavour }) => {
    const dump = envelopes === null ? null : new EnvelopeDump(tables, source.config, envelopes);
    const statements = sql === null ? null : new SqlDump(tables, new SqlStatements(flavour), sql);
    return { ...together([dump, statements].filter((each) => each !== null)), dump };
  });
  return { ...findings, leftOut: consumer.dump?.leftOut ?? 0 };
}

/**
 * Writes SQL that takes the orphans back on the old master, so that it can be a replica of the new one. Throws as `findOrphans`, and
 * ORPHANS_REFUSED for what cannot be taken back; then nothing is written.
 */
export async function flashbackOrphans(source: OrphanSource, write: () => Write): Promise<OrphanFindings> {
  const { findings, consumer } = await findOrphans(
    source,
    (tables, { flavour }) => new Flashback(tables, new SqlStatements(flavour)),
  );
  consumer.write(findings, write());
  return findings;
}
