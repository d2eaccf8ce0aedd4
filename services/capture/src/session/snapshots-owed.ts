import { tableId, tableIdOf, type TableName } from '@sluice/envelope';
import type { TableDescription } from '@sluice/mysql';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import type { StartPlan } from '../state/plan-start.ts';
import { SnapshotJobStore } from '../state/snapshot-job-store.ts';
import type { TableRegistry } from '../catalog/table-registry.ts';

/**
 * What the checkpoint tells of snapshots, and a first one for every table that has none.
 * @param tables those that can be captured
 * @param absent those that were captured before, and are not there: they count as read until it is told that they are gone
 */
export function snapshotsOwed(
  settings: CaptureSettings,
  plan: StartPlan,
  registry: TableRegistry,
  tables: readonly TableDescription[],
  absent: readonly TableName[],
): SnapshotJobStore {
  const jobStore = new SnapshotJobStore(plan.snapshots);
  jobStore.keepOnly(new Set(tables.map(({ database, table }) => tableId(database, table))));
  for (const table of absent) jobStore.noteComplete(tableIdOf(table));
  // Sinks may hold rows of it: from before a gap, or from the time when it was captured before.
  const wasThere = (database: string, table: string): boolean =>
    plan.generation > 1 || registry.schemaOf(database, table) !== null;
  if (settings.config.snapshot.mode === 'initial')
    jobStore.owe(tables, ({ database, table }) => wasThere(database, table), Date.now());
  return jobStore;
}
