import { heartbeatTopic, type TopicRouting } from '@sluice/envelope';

/** Topics that a sink reads: every table's, and the heartbeats once there is a table. Sorted. */
export function selectTopics(
  existing: readonly string[],
  prefix: string,
  routing: TopicRouting,
): readonly string[] {
  const data = existing.filter((name) => routing.isDataTopic(name));
  if (data.length === 0) return [];
  return [...data, ...existing.filter((name) => name === heartbeatTopic(prefix))].sort();
}

/**
 * Says when to subscribe anew: the topics differ from those read now and were the same at the poll before (capture makes
 * several topics in a row; each new subscription is a rebalance). The first subscription does not wait.
 */
export class TopicChanges {
  #subscribed: readonly string[] = [];
  #previous: readonly string[] = [];

  /** The list to subscribe to from now on, or null for no change. */
  observe(topics: readonly string[]): readonly string[] | null {
    const settled = this.#subscribed.length === 0 || same(topics, this.#previous);
    this.#previous = topics;
    if (!settled || topics.length === 0 || same(topics, this.#subscribed)) return null;
    this.#subscribed = topics;
    return topics;
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}
