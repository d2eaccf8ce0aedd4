import { heartbeatTopic, type TopicRouting } from '@sluice/envelope';
import type { TableSelection } from './table-selection.ts';

/** Topics that a sink reads: those that may have a table that it takes, and the heartbeats once there is one. Sorted. */
export function selectTopics(
  existing: readonly string[],
  prefix: string,
  routing: TopicRouting,
  selection: Pick<TableSelection, 'takesTopic'>,
): readonly string[] {
  const data = existing.filter((name) => routing.isDataTopic(name) && selection.takesTopic(name, routing));
  if (data.length === 0) return [];
  return [...data, ...existing.filter((name) => name === heartbeatTopic(prefix))].sort();
}

type TopicIds = ReadonlyMap<string, string>;

/**
 * Says when to subscribe again: the topics differ from those read now, by name or by id, and were the same at the poll before
 * (capture makes several topics in a row; each new subscription is a rebalance). The first subscription does not wait.
 */
export class TopicChanges {
  #subscribed: TopicIds = new Map();
  #previous: TopicIds = new Map();

  /** The names to subscribe to from now on, or null for no change. @param topics ids by name */
  observe(topics: TopicIds): readonly string[] | null {
    const settled = this.#subscribed.size === 0 || same(topics, this.#previous);
    this.#previous = topics;
    if (!settled || topics.size === 0 || same(topics, this.#subscribed)) return null;
    this.#subscribed = topics;
    return [...topics.keys()];
  }
}

function same(a: TopicIds, b: TopicIds): boolean {
  return a.size === b.size && [...a].every(([name, id]) => b.get(name) === id);
}
