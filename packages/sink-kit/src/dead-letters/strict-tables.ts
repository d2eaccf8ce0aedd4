import { parseTableId, type TableName, type TopicRouting } from '@sluice/envelope';

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
  const names = strictTables.map(parseTableId);
  return (topic, key) => {
    if (strict) return true;
    if (names.length === 0) return false;
    const source = routing.sourceOf(topic, key);
    if (source === null) return false;
    return names.some((name) => fits(name, source.database, source.table));
  };
}

/** Null: not known, and so perhaps this one. */
function fits(name: TableName, database: string | null, table: string | null): boolean {
  const isDatabase = database === null || name.database === database;
  return isDatabase && (table === null || name.table === table || name.table === '*');
}
