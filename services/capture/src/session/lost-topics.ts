import { tableId, type TableName } from '@sluice/envelope';
import { TopicReader } from '@sluice/kafka';
import type { Logger } from '@sluice/runtime';
import type { CaptureSettings } from '../settings/capture-settings.ts';
import type { KnownTopics } from '../catalog/known-topics.ts';
import type { TableRegistry } from '../catalog/table-registry.ts';

/** Tables that were published before, and whose records are gone as a whole. */
export interface LostTables {
  /** A topic of theirs is not there. */
  readonly missing: readonly TableName[];
  /** Somebody has made a topic of theirs again: what was published before is gone. */
  readonly emptied: readonly TableName[];
  /** Topics of which another one of the name was known. */
  readonly replaced: readonly string[];
}

export interface LostTopicsOptions {
  /** As this process has seen them before. */
  readonly topics: KnownTopics;
  /** Also into topics that are there: somebody may have made them again while capture was not running. */
  readonly looksInside: boolean;
  readonly signal: AbortSignal;
}

/** Topics that are looked into at once. */
const LOOKS_AT_ONCE = 20;

/** @param known what was published before */
export async function findLostTables(
  settings: CaptureSettings,
  known: TableRegistry,
  tables: readonly TableName[],
  { topics, looksInside, signal }: LostTopicsOptions,
): Promise<LostTables> {
  const reader = new TopicReader({ kafka: settings.config.kafka, signal });
  try {
    const found = await reader.topicIds();
    const replaced = topics.replaced(found);
    const published = publishedTables(known, tables);
    const topicsOf = ({ database, table }: TableName): readonly string[] =>
      known.placeOf(database, table).topics;
    const missing = published.filter((name) => topicsOf(name).some((topic) => !found.has(topic)));
    const existing = published.filter((name) => !missing.includes(name));
    const unused = looksInside ? await findUnused(reader, new Set(existing.flatMap(topicsOf))) : [];
    const anew = new Set([...replaced, ...unused]);
    return {
      missing,
      emptied: existing.filter((name) => topicsOf(name).some((topic) => anew.has(topic))),
      replaced,
    };
  } finally {
    reader.close();
  }
}

function publishedTables(known: TableRegistry, tables: readonly TableName[]): readonly TableName[] {
  const published = new Map(
    tables
      .filter(({ database, table }) => known.schemaOf(database, table) !== null)
      .map((name) => [tableId(name.database, name.table), name]),
  );
  return [...published.values()];
}

async function findUnused(reader: TopicReader, topics: ReadonlySet<string>): Promise<readonly string[]> {
  const unused: string[] = [];
  const all = [...topics];
  for (let at = 0; at < all.length; at += LOOKS_AT_ONCE) {
    const some = all.slice(at, at + LOOKS_AT_ONCE);
    const answers = await Promise.all(some.map((topic) => reader.isUnused(topic)));
    unused.push(...some.filter((_, index) => answers[index] === true));
  }
  return unused;
}

/** Names of the topics that were lost with their records. */
export function lostTopics({ missing, replaced }: LostTables, registry: TableRegistry): readonly string[] {
  return [...missing.flatMap(({ database, table }) => registry.placeOf(database, table).topics), ...replaced];
}

export function reportLost({ missing, emptied }: LostTables, log: Logger): void {
  const tables = [...missing, ...emptied].map(({ database, table }) => tableId(database, table));
  if (tables.length === 0) return;
  log.warn(
    { event: 'capture.topics_lost', tables },
    'the topics of these tables were deleted with all their records: capture creates them and reads the tables again',
  );
}
