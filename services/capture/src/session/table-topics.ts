import type { TableName } from '@sluice/envelope';
import { prepareTopics } from '../catalog/prepare-topics.ts';
import type { ChangeStream } from '../stream/change-stream.ts';
import type { TableRoutes } from '../stream/table-routes.ts';
import type { SessionParts } from './session-parts.ts';

type TopicParts = Pick<SessionParts, 'settings' | 'registry' | 'log'>;

/** Makes the topics of a table that has none yet. */
export async function admitTable({ settings, registry, log }: TopicParts, table: TableName): Promise<void> {
  if (registry.isAdmitted(table.database, table.table)) return;
  const others = registry.topics.size;
  await prepareTopics(settings, registry, { tables: [table], others, internal: false }, log);
}

/** Makes the topics that are gone. Their tables are told before the first row: a reader has nothing else to know them by. */
export async function restoreTopics(
  { settings, registry, lost, log }: TopicParts & Pick<SessionParts, 'lost'>,
  routes: Pick<TableRoutes, 'announced'>,
  stream: Pick<ChangeStream, 'announcement'>,
): Promise<void> {
  const tables = lost.missing;
  const others = registry.topics.size;
  if (tables.length > 0) await prepareTopics(settings, registry, { tables, others, internal: false }, log);
  for (const { database, table } of [...tables, ...lost.emptied]) {
    const schema = registry.schemaOf(database, table);
    if (schema !== null) routes.announced(schema, stream.announcement);
  }
}
