import type { TopicRouting } from '@sluice/envelope';
import {
  partitionName,
  sealHeader,
  type RecordSeals,
  type TopicPartition,
  type TopicReader,
  type TopicRecord,
} from '@sluice/kafka';
import { decodeBatch, type ControlDelivery } from './decode.ts';

const SCHEMA_KEY = Buffer.from('{"$sluice":"schema"');

/**
 * Finds the schema record that a snapshot begins with, behind records that cannot be applied because the store has no such
 * table: the partition waits in front of them, and would never come to it. Each offset is looked at once for a table.
 */
export class SchemaAhead {
  readonly #reader: Pick<TopicReader, 'firstRecord'>;
  readonly #routing: TopicRouting;
  readonly #seals: RecordSeals | null;
  /** Where to go on looking, by partition and table. */
  readonly #looked = new Map<string, bigint>();

  constructor(reader: Pick<TopicReader, 'firstRecord'>, routing: TopicRouting, seals: RecordSeals | null) {
    this.#reader = reader;
    this.#routing = routing;
    this.#seals = seals;
  }

  /**
   * Null when none has come yet. Throws a PipelineError when Kafka does not answer.
   * @param allRows only one behind which all rows come
   */
  async find(
    { topic, partition }: TopicPartition,
    behind: bigint,
    { database, table }: { readonly database: string; readonly table: string },
    allRows = false,
  ): Promise<ControlDelivery | null> {
    const place = JSON.stringify([partitionName(topic, partition), database, table, allRows]);
    const looked = this.#looked.get(place) ?? 0n;
    const accept = (record: TopicRecord): boolean => {
      const payload = this.#decode(topic, record)?.envelope.payload;
      if (payload?.source.database !== database || payload.source.table !== table) return false;
      return !allRows || bringsAll(payload);
    };
    const from = looked > behind ? looked : behind + 1n;
    const { record, next } = await this.#reader.firstRecord(topic, partition, from, accept);
    // One that is found stays to be found: the store may not take it now.
    this.#looked.set(place, record?.offset ?? next);
    return record === null ? null : this.#decode(topic, record);
  }

  /** The record as one that makes the table from nothing: not one of a change, which is of rows that came before it. */
  #decode(topic: string, record: TopicRecord): ControlDelivery | null {
    const { partition, offset, key, value } = record;
    if (value === null || key?.subarray(0, SCHEMA_KEY.length).equals(SCHEMA_KEY) !== true) return null;
    const endOffset = offset + 1n;
    const consumed = { offset, timestampMs: 0, key, value, headers: sealHeader(record.headers) };
    const batch = { topic, partition, highWatermark: endOffset, endOffset, records: [consumed] };
    const [entry] = decodeBatch(batch, this.#routing, this.#seals);
    if (entry?.kind !== 'control') return null;
    const { payload } = entry.delivery.envelope;
    return 'change' in payload && payload.change === 'create' ? entry.delivery : null;
  }
}

/** Whether a snapshot begins with the record that brings all rows, and whose end removes what it has not brought. */
export function bringsAll(payload: ControlDelivery['envelope']['payload']): boolean {
  return 'allRows' in payload && payload.allRows === true;
}
