import { checkpointsTopic, decodeEnvelope, parseSequence, schemaHistoryTopic } from '@sluice/envelope';
import type { TopicReader } from '@sluice/kafka';
import { openCheckpoint, type Checkpoint } from './checkpoint.ts';
import { parseHistoryRecord, type SchemaHistoryRecord } from './table-registry.ts';

/** What Kafka holds of an earlier run. Only to be read after fencing: nobody else writes any more. */
export interface Restored {
  readonly checkpoint: Checkpoint | null;
  readonly history: readonly SchemaHistoryRecord[];
}

/** Throws CHECKPOINT_CORRUPT or SCHEMA_HISTORY_CORRUPT when what is there cannot be trusted. */
export async function restore(reader: TopicReader, prefix: string, pipeline: string): Promise<Restored> {
  const newest = await reader.newestRecord(checkpointsTopic(prefix), pipeline);
  const history: SchemaHistoryRecord[] = [];
  await reader.readTopic(schemaHistoryTopic(prefix), {}, ({ value }) => {
    if (value !== null) history.push(parseHistoryRecord(value));
  });
  const value = newest?.value ?? null;
  return { checkpoint: value === null ? null : openCheckpoint(value), history };
}

/** The highest generation that the newest records of these topics carry; 0 when they are empty. */
export async function highestGeneration(reader: TopicReader, topics: readonly string[]): Promise<number> {
  let highest = 0;
  for (const topic of topics) {
    for (const record of await reader.lastRecordOfEachPartition(topic)) {
      const value = record?.value ?? null;
      if (value === null) continue;
      highest = Math.max(highest, parseSequence(decodeEnvelope(value).payload.sequence).generation);
    }
  }
  return highest;
}
