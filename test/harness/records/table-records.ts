import { decodeEnvelope, type Envelope, type RowEnvelope } from '@sluice/envelope';
import type { TopicReader, TopicRecord } from '@sluice/kafka';

export interface EnvelopeRecord {
  readonly record: TopicRecord;
  readonly partition: number;
  readonly key: string;
  readonly envelope: Envelope;
}

export interface RowRecord {
  readonly partition: number;
  readonly key: string;
  readonly payload: RowEnvelope['payload'];
}

/** Everything a read-committed reader sees in a topic, partition by partition, in offset order. Tombstones are left out. */
export async function readEnvelopes(reader: TopicReader, topic: string): Promise<EnvelopeRecord[]> {
  const found: EnvelopeRecord[] = [];
  await reader.readTopic(topic, {}, (record) => {
    if (record.value === null) return;
    const { partition } = record;
    const key = record.key?.toString('utf8') ?? '';
    found.push({ record, partition, key, envelope: decodeEnvelope(record.value) });
  });
  return found;
}

/** Only the rows of it: control records are left out. */
export async function readRows(reader: TopicReader, topic: string): Promise<RowRecord[]> {
  const records = await readEnvelopes(reader, topic);
  return records.flatMap(({ partition, key, envelope }) =>
    isRow(envelope) ? [{ partition, key, payload: envelope.payload }] : [],
  );
}

/**
 * The rows of all that is committed, for who counts them. One partition may show a Kafka transaction already and another not yet:
 * whatever has begun is waited for, so nobody may have been killed in the middle of one.
 */
export async function readSettledRows(reader: TopicReader, topic: string): Promise<RowRecord[]> {
  await reader.settledEnds(topic);
  return readRows(reader, topic);
}

export function isRow(envelope: Envelope): envelope is RowEnvelope {
  return envelope.schema.type === 'row';
}

/** Whether the newest row of one of the topic's partitions has this record key. */
export async function hasArrived(reader: TopicReader, topic: string, key: string): Promise<boolean> {
  const newest = await reader.lastRecordOfEachPartition(topic);
  return newest.some((record) => record?.key?.toString('utf8') === key);
}

/** By key the record with the highest sequence; of equal ones the snapshot's, as the sinks have it. */
export function newestByKey(records: readonly RowRecord[]): Map<string, RowRecord> {
  const newest = new Map<string, RowRecord>();
  for (const record of records) {
    const known = newest.get(record.key)?.payload.sequence ?? '';
    const { sequence, operation } = record.payload;
    if (sequence > known || (sequence === known && operation === 'SNAPSHOT')) newest.set(record.key, record);
  }
  return newest;
}
