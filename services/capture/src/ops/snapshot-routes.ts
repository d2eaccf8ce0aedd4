import {
  JOB_ORDERS,
  listSnapshots,
  moveSnapshot,
  Refusal,
  routeOf,
  startSnapshots,
  startSqlSnapshots,
  throttleSnapshot,
  type Snapshot,
} from '@sluice/ops-api';
import { PipelineError, type OpsRoute } from '@sluice/runtime';
import type { SnapshotController } from '../snapshot/snapshot-controller.ts';

/**
 * The ops API of snapshots.
 * @param controller null while capture is not connected to its source
 */
export function snapshotRoutes(controller: () => SnapshotController | null): readonly OpsRoute[] {
  const present = (): SnapshotController => {
    const found = controller();
    if (found === null)
      throw new PipelineError('CAPTURE_NOT_STREAMING', 'Capture is not connected to its source just now.');
    return found;
  };
  const found = (job: Snapshot | null, id: string): Refusal | { readonly job: Snapshot } =>
    job === null ? new Refusal(404, `there is no job ${id}`) : { job };
  return [
    routeOf(listSnapshots, () => ({ jobs: present().list() })),
    routeOf(startSnapshots, async (order) => ({ jobs: await present().start(order) })),
    routeOf(startSqlSnapshots, async (order) => ({ jobs: await present().startSql(order) })),
    ...JOB_ORDERS.map((event) =>
      routeOf(moveSnapshot(event), async ({ by }, { id = '' }) => {
        return found(await present().move(id, event, by), id);
      }),
    ),
    routeOf(throttleSnapshot, async ({ rowsPerSecond, by }, { id = '' }) =>
      found(await present().throttle(id, rowsPerSecond, by), id),
    ),
  ];
}
