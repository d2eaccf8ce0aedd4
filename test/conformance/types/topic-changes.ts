import { decodeEnvelope } from '@sluice/envelope';
import type { TopicReader } from '@sluice/kafka';
import { isRow } from '../../harness/records/table-records.ts';
import { rawMembers } from './raw-members.ts';

/** A row of a topic with its values as they are written. */
export interface Change {
  readonly operation: string;
  readonly id: number;
  readonly key: string;
  /** Version of the table's schema. */
  readonly version: number;
  readonly before: ReadonlyMap<string, string> | null;
  readonly after: ReadonlyMap<string, string> | null;
}

/** All rows of a topic. */
export async function topicChanges(reader: TopicReader, topic: string): Promise<Change[]> {
  const changes: Change[] = [];
  await reader.readTopic(topic, {}, ({ key, value }) => {
    if (value === null) return;
    const envelope = decodeEnvelope(value);
    if (!isRow(envelope)) return;
    const payload = rawMembers(rawMembers(value.toString('utf8')).get('payload')!);
    const before = rowMembers(payload.get('before'));
    const after = rowMembers(payload.get('after'));
    changes.push({
      operation: envelope.payload.operation,
      id: Number((after ?? before)!.get('id')),
      key: key?.toString('utf8') ?? '',
      version: envelope.schema.table,
      before,
      after,
    });
  });
  return changes;
}

function rowMembers(text = 'null'): ReadonlyMap<string, string> | null {
  return text === 'null' ? null : rawMembers(text);
}
