import type { PreflightProblem } from '@sluice/runtime';
import { tableId, type TableName } from '@sluice/envelope';
import { topicsIn } from '../catalog/schema-history-record.ts';
import type { TableRegistry } from '../catalog/table-registry.ts';

/**
 * Tables that were published in topics of another strategy or template, or in partitions by other columns. Going on in new topics would leave sinks without
 * the order of what stands in both, and what was deleted in between would stay.
 * @param registry with the schema history
 */
export function findRoutingChanges(
  tables: readonly TableName[],
  registry: TableRegistry,
): readonly PreflightProblem[] {
  const changed = tables.flatMap(({ database, table }) => {
    const before = registry.routingOf(database, table);
    if (before === null) return [];
    const id = tableId(database, table);
    const now = registry.routingNow(database, table);
    // Of settings that cannot be applied the check of the schema tells; where the topics would be is known all the same.
    if (now === null) {
      const topics = registry.routing.text;
      return topicsIn(before) === topics ? [] : [{ id, before, now: topics }];
    }
    return before === now ? [] : [{ id, before, now }];
  });
  const [first, ...others] = changed;
  if (first === undefined) return [];
  const names = others.length === 0 ? first.id : `${first.id} and ${others.length} other table(s)`;
  return [
    {
      setting: 'topics.strategy, topics.template, tables.*.partitionBy',
      found: `topics named ${first.now}, while ${names} went to ${first.before}`,
      required: 'the same names and partitions for the lifetime of the topics',
      fix: 'set it back, or choose a new topics.prefix: that creates new topics and a new snapshot, for sinks with empty stores',
    },
  ];
}
