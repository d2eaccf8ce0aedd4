import { parseTableId, tableIdOf, type TableName } from '@sluice/envelope';
import type { TableRegistry } from '../catalog/table-registry.ts';
import type { Fit } from '../preflight/check.ts';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import { snapshotsOf, type Checkpoint } from '../state/checkpoint.ts';
import { tablesRead } from '../state/kept-snapshots.ts';
import type { StartPlan } from '../state/plan-start.ts';

export interface AbsentParts {
  readonly plan: Pick<StartPlan, 'isAnew' | 'snapshots'>;
  readonly checkpoint: Checkpoint | null;
  readonly checked: Pick<Fit, 'found' | 'refused'>;
  readonly registry: TableRegistry;
}

/**
 * Tables of which rows were published, that the settings still capture, and that the source does not show. Whether a statement that is
 * still to be read has dropped them is not known here; one that the account may no longer read is among the refused.
 */
export function absentTables(
  settings: Pick<CaptureSettings, 'filter'>,
  { plan, checkpoint, checked, registry }: AbsentParts,
): readonly TableName[] {
  const there = new Set([...checked.found.map(tableIdOf), ...checked.refused.map(({ id }) => id)]);
  return readBefore(settings, plan, checkpoint, registry).filter((table) => {
    const { database, table: name } = table;
    return (
      settings.filter.captures(database, name) &&
      registry.schemaOf(database, name) !== null &&
      !there.has(tableIdOf(table))
    );
  });
}

/** Without a checkpoint all that were ever published: those that a statement dropped are told of again. */
function readBefore(
  { filter }: Pick<CaptureSettings, 'filter'>,
  plan: AbsentParts['plan'],
  checkpoint: Checkpoint | null,
  registry: TableRegistry,
): readonly TableName[] {
  if (!plan.isAnew) return tablesRead(plan.snapshots).map(parseTableId);
  if (checkpoint !== null) return tablesRead(snapshotsOf(checkpoint)).map(parseTableId);
  return [...registry.schemas()].filter(({ database, table }) => filter.captures(database, table));
}
