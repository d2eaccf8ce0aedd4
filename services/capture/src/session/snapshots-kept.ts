import { parseTableId, tableId } from '@sluice/envelope';
import type { TableDescription } from '@sluice/mysql';
import type { Logger } from '@sluice/runtime';
import type { TableRegistry } from '../catalog/table-registry.ts';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import type { StartPlan } from '../state/plan-start.ts';
import { hasFirstSnapshot, tablesRead, withoutFirst } from '../state/kept-snapshots.ts';
import type { LostTables } from './lost-topics.ts';

export interface StartTables {
  readonly tables: readonly TableDescription[];
  readonly registry: TableRegistry;
  readonly lost: LostTables;
  readonly log: Logger;
}

/** Snapshot progress of the checkpoint without tables whose topics are gone or were filled by other settings: their rows are owed again. */
export function snapshotsKept(
  { snapshots }: StartPlan,
  { tables, registry, lost, log }: StartTables,
): StartPlan['snapshots'] {
  const reshaped = tables
    .filter(
      ({ database, table }) =>
        registry.isShapedOtherwise(database, table) || registry.hasOtherCondition(database, table),
    )
    .map(({ database, table }) => tableId(database, table))
    .filter((id) => hasFirstSnapshot(snapshots, id));
  if (reshaped.length > 0)
    log.info(
      { event: 'capture.tables_reshaped', tables: reshaped },
      'the settings of these tables have changed: their rows are read and published again',
    );
  const emptied = [...lost.missing, ...lost.emptied].map(({ database, table }) => tableId(database, table));
  return withoutFirst(withoutFirst(snapshots, reshaped), emptied);
}

/** Said once: the next checkpoint knows nothing of them any more. */
export function reportRemoved({ filter }: CaptureSettings, { snapshots }: StartPlan, log: Logger): void {
  const removed = tablesRead(snapshots).filter((id) => !isCapturedId(id, filter));
  if (removed.length === 0) return;
  log.info(
    { event: 'capture.tables_removed', tables: removed },
    'these tables are no longer captured: nothing more is published of them, and their rows stay where they are',
  );
}

function isCapturedId(id: string, filter: CaptureSettings['filter']): boolean {
  const { database, table } = parseTableId(id);
  return filter.captures(database, table);
}
