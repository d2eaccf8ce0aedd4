import type { PreflightProblem } from '@sluice/runtime';
import { tableId, type TableName } from '@sluice/envelope';
import type { TableRegistry } from '../catalog/table-registry.ts';

/**
 * Tables that were published in topics of another strategy or template. Going on in new topics would leave sinks without
 * the order of what stands in both, and what was deleted in between would stay.
 * @param registry with the schema history
 */
export function findRoutingChanges(
  tables: readonly TableName[],
  registry: TableRegistry,
): readonly PreflightProblem[] {
  const now = registry.routing.text;
  const changed = tables.flatMap(({ database, table }) => {
    const before = registry.routingOf(database, table);
    return before === null || before === now ? [] : [{ id: tableId(database, table), before }];
  });
  const [first, ...others] = changed;
  if (first === undefined) return [];
  const names = others.length === 0 ? first.id : `${first.id} and ${others.length} other table(s)`;
  return [
    {
      setting: 'topics.strategy, topics.template',
      found: `topics named ${now}, while ${names} went to ${first.before}`,
      required: 'the same names for the lifetime of the topics',
      fix: 'set it back, or choose a new topics.prefix: that creates new topics and a new snapshot, for sinks with empty stores',
    },
  ];
}
