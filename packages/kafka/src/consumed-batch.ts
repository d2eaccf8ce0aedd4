import type { Batch, IHeaders, KafkaMessage } from 'kafkajs';

export interface ConsumedRecord {
  readonly offset: bigint;
  /** Record timestamp, milliseconds since 1970. */
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: IHeaders;
}

/** Records of one partition in log order; control markers and records of aborted transactions are not among them. */
export interface ConsumedBatch {
  readonly topic: string;
  readonly partition: number;
  /** Offset that the partition's next record would get, as the broker said with this batch. */
  readonly highWatermark: bigint;
  /** Offset to go on at when every record has its outcome: behind the markers and aborted records after the last one. */
  readonly endOffset: bigint;
  readonly records: readonly ConsumedRecord[];
}

export function toConsumedBatch(batch: Batch): ConsumedBatch {
  return {
    topic: batch.topic,
    partition: batch.partition,
    highWatermark: BigInt(batch.highWatermark),
    endOffset: BigInt(batch.lastOffset()) + 1n,
    records: batch.messages.map(toConsumedRecord),
  };
}

function toConsumedRecord(message: KafkaMessage): ConsumedRecord {
  return {
    offset: BigInt(message.offset),
    timestampMs: Number(message.timestamp),
    key: message.key,
    value: message.value,
    headers: message.headers ?? {},
  };
}
