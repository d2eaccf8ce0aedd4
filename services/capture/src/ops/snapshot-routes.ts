import { PipelineError, withBody, type OpsRoute } from '@sluice/runtime';
import { z } from 'zod';
import type { SnapshotDesk } from '../snapshot/snapshot-desk.ts';

const PATTERNS_MAX = 1000;
const by = z.string().min(1).max(200);
const startSchema = z.strictObject({
  tables: z.array(z.string().min(3)).min(1).max(PATTERNS_MAX),
  condition: z.string().nullable().default(null),
  reconcile: z.boolean().default(false),
  by,
});
const moveSchema = z.strictObject({ by });

const MOVES = ['pause', 'resume', 'cancel'] as const;

/**
 * The ops API of snapshots.
 * @param desk null while capture is not connected to its source
 */
export function snapshotRoutes(desk: () => SnapshotDesk | null): readonly OpsRoute[] {
  const present = (): SnapshotDesk => {
    const found = desk();
    if (found === null)
      throw new PipelineError('CAPTURE_NOT_STREAMING', 'Capture is not connected to its source just now.');
    return found;
  };
  return [
    {
      method: 'GET',
      path: '/api/snapshots',
      handle: () => ({ status: 200, body: { jobs: present().list() } }),
    },
    {
      method: 'POST',
      path: '/api/snapshots',
      handle: ({ body }) =>
        withBody(startSchema, body, async (order) => ({
          status: 202,
          body: { jobs: await present().start(order) },
        })),
    },
    ...MOVES.map((event): OpsRoute => ({
      method: 'POST',
      path: `/api/snapshots/:id/${event}`,
      handle: ({ params, body }) =>
        withBody(moveSchema, body, async (order) => {
          const { id = '' } = params;
          const job = await present().move(id, event, order.by);
          return job === null
            ? { status: 404, body: { error: `there is no job ${id}` } }
            : { status: 200, body: { job } };
        }),
    })),
  ];
}
