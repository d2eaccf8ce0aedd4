import { schemaHistoryTopic } from '@sluice/envelope';
import type { TopicReader } from '@sluice/kafka';
import { parseHistoryRecord, type SchemaHistoryRecord } from './table-registry.ts';

/** Every version of every table. Throws SCHEMA_HISTORY_CORRUPT. */
export async function readHistory(
  reader: TopicReader,
  prefix: string,
): Promise<readonly SchemaHistoryRecord[]> {
  const history: SchemaHistoryRecord[] = [];
  await reader.readTopic(schemaHistoryTopic(prefix), {}, ({ value }) => {
    if (value !== null) history.push(parseHistoryRecord(value));
  });
  return history;
}
