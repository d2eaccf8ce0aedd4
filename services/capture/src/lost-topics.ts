import { listTopics, TopicReader } from '@sluice/kafka';
import type { Logger } from '@sluice/runtime';
import type { CaptureSettings } from './capture-settings.ts';
import { tableId } from './state/table.ts';
import type { TableRegistry } from './state/table-registry.ts';
import type { TableName } from './stream/statement-text.ts';

/** Tables that were published before, and whose records are gone as a whole. */
export interface LostTables {
  /** A topic of theirs is not there. */
  readonly missing: readonly TableName[];
  /** Somebody has made a topic of theirs again: no record was ever published there. */
  readonly unused: readonly TableName[];
}

/** Topics that are looked into at once. */
const LOOKS_AT_ONCE = 20;

/**
 * @param known what was published before
 * @param looksInside also into topics that are there: somebody may have made them again while capture was not running
 */
export async function findLostTables(
  settings: CaptureSettings,
  known: TableRegistry,
  tables: readonly TableName[],
  { looksInside, signal }: { readonly looksInside: boolean; readonly signal: AbortSignal },
): Promise<LostTables> {
  const published = new Map(
    tables
      .filter(({ database, table }) => known.shapeOf(database, table) !== null)
      .map((name) => [tableId(name.database, name.table), name]),
  );
  const topicsOf = ({ database, table }: TableName): readonly string[] =>
    known.placeOf(database, table).topics;
  const present = new Set(await listTopics(settings.kafka, () => true));
  const names = [...published.values()];
  const missing = names.filter((name) => topicsOf(name).some((topic) => !present.has(topic)));
  if (!looksInside) return { missing, unused: [] };
  const existing = names.filter((name) => !missing.includes(name));
  const unused = await findUnused(settings, new Set(existing.flatMap(topicsOf)), signal);
  return { missing, unused: existing.filter((name) => topicsOf(name).some((topic) => unused.has(topic))) };
}

async function findUnused(
  { config }: CaptureSettings,
  topics: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const reader = new TopicReader({ kafka: config.kafka, signal });
  const unused = new Set<string>();
  const all = [...topics];
  try {
    for (let at = 0; at < all.length; at += LOOKS_AT_ONCE) {
      const some = all.slice(at, at + LOOKS_AT_ONCE);
      const answers = await Promise.all(some.map((topic) => reader.isUnused(topic)));
      some.forEach((topic, index) => {
        if (answers[index] === true) unused.add(topic);
      });
    }
    return unused;
  } finally {
    reader.close();
  }
}

export function sayLost({ missing, unused }: LostTables, log: Logger): void {
  const tables = [...missing, ...unused].map(({ database, table }) => tableId(database, table));
  if (tables.length === 0) return;
  log.warn(
    { event: 'capture.topics_lost', tables },
    'the topics of these tables are gone, with all that was published there: they are made again, and the tables are read once more',
  );
}
