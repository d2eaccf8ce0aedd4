import { parseTopicName } from '@sluice/envelope';

export interface StrictSettings {
  readonly strict: boolean;
  readonly strictTables: readonly string[];
}

/** Whether records of a topic must not become dead letters unless an operator says so. */
export function strictTopics(settings: StrictSettings, prefix: string): (topic: string) => boolean {
  const names = new Set(settings.strictTables);
  const known = new Map<string, boolean>();
  return (topic) => {
    if (settings.strict) return true;
    if (names.size === 0) return false;
    const answer = known.get(topic) ?? isNamed(topic, prefix, names);
    known.set(topic, answer);
    return answer;
  };
}

function isNamed(topic: string, prefix: string, names: ReadonlySet<string>): boolean {
  const table = parseTopicName(prefix, topic);
  return (
    table !== null && (names.has(`${table.database}.${table.table}`) || names.has(`${table.database}.*`))
  );
}
