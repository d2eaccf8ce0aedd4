import { listPausedTables, resumeSinkTable, routeOf } from '@sluice/ops-api';
import type { Logger, OpsRoute } from '@sluice/runtime';
import type { HeldTables } from './held-tables.ts';

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
    routeOf(listPausedTables, () => ({ sink, paused: held.all })),
    routeOf(resumeSinkTable, async ({ table, by, reason }) => {
      const changes = held.all.filter((change) => change.table === table);
      for (const { id } of changes) await release(id, by, reason);
      if (changes.length > 0)
        log.info({ event: 'table.resumed', table, by, reason }, 'a change of a table may be applied');
      return { sink, table, resumed: changes.map(({ id }) => id) };
    }),
  ];
}
