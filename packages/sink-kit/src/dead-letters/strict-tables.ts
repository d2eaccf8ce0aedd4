import { tableId, type TopicRouting } from '@sluice/envelope';

export interface StrictSettings {
  readonly strict: boolean;
  /** `database.table`, `database.*`. */
  readonly strictTables: readonly string[];
}

/**
 * Whether a record must not become a dead letter unless an operator says so: by its topic and the text of its record key.
 * In a topic of several tables a key that does not name its table may be a strict one's.
 */
export function strictRecords(
  { strict, strictTables }: StrictSettings,
  routing: TopicRouting,
): (topic: string, key: string | null) => boolean {
  return (topic, key) => {
    if (strict) return true;
    if (strictTables.length === 0) return false;
    const source = routing.sourceOf(topic, key);
    if (source === null) return false;
    return strictTables.some((name) => fits(name, source.database, source.table));
  };
}

/** The first dot separates, as in the names that operators write for tables without one in their names. */
function fits(name: string, database: string | null, table: string | null): boolean {
  if (database !== null && table !== null)
    return name === tableId(database, table) || name === `${database}.*`;
  if (database !== null) return name.startsWith(`${database}.`);
  return table === null || name.endsWith(`.${table}`) || name.endsWith('.*');
}
