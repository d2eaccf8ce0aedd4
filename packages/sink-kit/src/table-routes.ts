import { toTableId } from '@sluice/envelope';
import { withBody, type Logger, type OpsRoute } from '@sluice/runtime';
import { z } from 'zod';
import type { HeldTables } from './held-tables.ts';

const resumeSchema = z.strictObject({
  /** `database.table`, as people write it. */
  table: z.string().min(1).transform(toTableId),
  /** Who says so. */
  by: z.string().min(1).max(200),
  reason: z.string().max(500).optional(),
});

export interface TableRoutesOptions {
  readonly sink: string;
  readonly held: HeldTables;
  /** Resolves when the decision is stored; the partitions look again by then. */
  readonly release: (id: string, by: string, reason: string | undefined) => Promise<void>;
  readonly log: Logger;
}

/** The ops API of tables that wait for an operator. */
export function tableRoutes({ sink, held, release, log }: TableRoutesOptions): readonly OpsRoute[] {
  return [
    {
      method: 'GET',
      path: '/tables/paused',
      handle: () => ({ status: 200, body: { sink, paused: held.all } }),
    },
    {
      method: 'POST',
      path: '/tables/resume',
      handle: ({ body }) =>
        withBody(resumeSchema, body, async ({ table, by, reason }) => {
          const changes = held.all.filter((change) => change.table === table);
          for (const { id } of changes) await release(id, by, reason);
          if (changes.length > 0)
            log.info({ event: 'table.resumed', table, by, reason }, 'a change of a table may be applied');
          return { status: 200, body: { sink, table, resumed: changes.map(({ id }) => id) } };
        }),
    },
  ];
}
