import { parseTableId, type TopicRouting } from '@sluice/envelope';
import type { TopicPartition } from '@sluice/kafka';
import { listPausedTables, resumeSinkTable, routeOf } from '@sluice/ops-api';
import type { Logger, OpsRoute } from '@sluice/runtime';
import type { HeldTables } from './held-tables.ts';

export interface TableRoutesOptions {
  readonly sink: string;
  readonly held: HeldTables;
  readonly routing: TopicRouting;
  /** Partitions of a topic that this process has looked at since they are its own. */
  readonly looked: (topic: string) => readonly TopicPartition[];
  /** Resolves when the decision is stored; the partitions look again by then. */
  readonly release: (id: string, by: string, reason: string | undefined) => Promise<void>;
  readonly log: Logger;
}

/** The ops API of tables that wait for an operator. */
export function tableRoutes(options: TableRoutesOptions): readonly OpsRoute[] {
  const { sink, held, routing, looked, release, log } = options;
  return [
    routeOf(listPausedTables, () => ({ sink, paused: held.all })),
    routeOf(resumeSinkTable, async ({ table, by, reason }) => {
      // Asked first: what comes to wait meanwhile is in the changes, too.
      const seen = topicsOf(routing, table).flatMap(looked);
      const changes = held.all.filter((change) => change.table === table);
      for (const { id } of changes) await release(id, by, reason);
      if (changes.length > 0)
        log.info({ event: 'table.resumed', table, by, reason }, 'a change of a table may be applied');
      return { sink, table, resumed: changes.map(({ id }) => id), looked: seen };
    }),
  ];
}

function topicsOf(routing: TopicRouting, table: string): readonly string[] {
  const { database, table: name } = parseTableId(table);
  return routing.topicsOf(database, name);
}
