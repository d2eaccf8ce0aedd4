import { createAPI, Writer, type Reader } from '@platformatic/kafka';
import type { ProducerIdentity } from '../record-batch-wire.ts';

/*
 * The two requests of every transaction (KIP-98; Kafka protocol guide). Unlike the library's, these give error codes
 * back as numbers: CONCURRENT_TRANSACTIONS is everyday business here and not worth an exception with a stack.
 */

export interface TopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}

const API_KEY_ADD_PARTITIONS = 24;
const API_KEY_END = 26;
const VERSION = 3;
/** The coordinator did not look at this partition because another one of the request failed. */
const OPERATION_NOT_ATTEMPTED = 55;

/** What became of the partitions: `code` 0 when every one was added, else that of the first that was refused. */
export interface AddAnswer {
  readonly code: number;
  /** `topic/partition` of the first that was refused; empty when there is none. */
  readonly refused: string;
}

/** AddPartitionsToTxn. */
export const addPartitionsToTransaction = createAPI<
  [string, ProducerIdentity, readonly TopicPartitions[]],
  AddAnswer
>(API_KEY_ADD_PARTITIONS, VERSION, createAdd, parseAdd);

function createAdd(
  transactionalId: string,
  producer: ProducerIdentity,
  topics: readonly TopicPartitions[],
): Writer {
  return appendIdentity(transactionalId, producer)
    .appendArray([...topics], (w, { topic, partitions }) =>
      w
        .appendString(topic)
        .appendArray([...partitions], (p, partition) => p.appendInt32(partition), true, false),
    )
    .appendTaggedFields();
}

function parseAdd(_correlationId: number, _key: number, _version: number, reader: Reader): AddAnswer {
  reader.readInt32(); // throttle time
  let first: AddAnswer = { code: 0, refused: '' };
  reader.readArray((r) => {
    const topic = r.readString();
    r.readArray((p) => {
      const partition = p.readInt32();
      const code = p.readInt16();
      if (code !== 0 && (first.code === 0 || first.code === OPERATION_NOT_ATTEMPTED))
        first = { code, refused: `${topic}/${partition}` };
    });
  });
  return first;
}

/** EndTxn with commit: answers 0 or the error code. Asking again with the same epoch is harmless. */
export const commitTransaction = createAPI<[string, ProducerIdentity], number>(
  API_KEY_END,
  VERSION,
  createCommit,
  parseCommit,
);

function createCommit(transactionalId: string, producer: ProducerIdentity): Writer {
  return appendIdentity(transactionalId, producer).appendBoolean(true).appendTaggedFields();
}

function parseCommit(_correlationId: number, _key: number, _version: number, reader: Reader): number {
  reader.readInt32(); // throttle time
  return reader.readInt16();
}

function appendIdentity(transactionalId: string, producer: ProducerIdentity): Writer {
  return Writer.create()
    .appendString(transactionalId)
    .appendInt64(producer.producerId)
    .appendInt16(producer.producerEpoch);
}
