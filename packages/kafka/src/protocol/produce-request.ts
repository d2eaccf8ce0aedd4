import { createAPI, Writer, type Reader } from '@platformatic/kafka';
import type { WireBatch } from '../record-batch-wire.ts';

/** One finished batch on its way to one partition. */
export interface ProduceEntry {
  readonly topic: string;
  readonly partition: number;
  readonly wire: WireBatch;
}

export interface ProduceAnswer {
  readonly topic: string;
  readonly partition: number;
  /** 0 or a code of Kafka's protocol. */
  readonly code: number;
}

const API_KEY_PRODUCE = 0;
const VERSION = 9;
const ALL_IN_SYNC_REPLICAS = -1;

/**
 * Produce, version 9 (Kafka protocol guide), with batches that are already in their wire form; the library's own request
 * would build them from message objects. At most one batch per partition, as the protocol demands.
 */
export const produce = createAPI<[string, number, readonly ProduceEntry[]], readonly ProduceAnswer[]>(
  API_KEY_PRODUCE,
  VERSION,
  createRequest,
  parseResponse,
);

function createRequest(transactionalId: string, timeoutMs: number, entries: readonly ProduceEntry[]): Writer {
  return Writer.create()
    .appendString(transactionalId)
    .appendInt16(ALL_IN_SYNC_REPLICAS)
    .appendInt32(timeoutMs)
    .appendArray([...Map.groupBy(entries, topicOf)], appendTopic)
    .appendTaggedFields();
}

function topicOf(entry: ProduceEntry): string {
  return entry.topic;
}

function appendTopic(writer: Writer, [topic, entries]: [string, ProduceEntry[]]): void {
  writer.appendString(topic).appendArray(entries, appendPartition);
}

function appendPartition(writer: Writer, entry: ProduceEntry): void {
  writer
    .appendInt32(entry.partition)
    .appendUnsignedVarInt(entry.wire.byteLength + 1) // compact length: one more than the length
    .append(entry.wire.header)
    .append(entry.wire.body);
}

function parseResponse(
  _correlationId: number,
  _key: number,
  _version: number,
  reader: Reader,
): ProduceAnswer[] {
  const answers: ProduceAnswer[] = [];
  reader.readArray((r) => {
    const topic = r.readString();
    r.readArray((p) => answers.push(readPartition(p, topic)));
  });
  reader.readInt32(); // throttle time
  return answers;
}

function readPartition(reader: Reader, topic: string): ProduceAnswer {
  const partition = reader.readInt32();
  const code = reader.readInt16();
  reader.skip(24); // base offset, log append time, log start offset
  reader.readArray((r) => {
    r.readInt32(); // index of a refused record
    r.readNullableString();
  });
  reader.readNullableString(); // the broker's words: the code decides
  return { topic, partition, code };
}
