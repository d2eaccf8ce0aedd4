import type { RecordsBatch } from '@platformatic/kafka';

export interface TopicRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** Milliseconds since the epoch: the producer's, or the broker's append time where the topic has that. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: ReadonlyMap<string, Buffer | null>;
}

/** A transaction that was aborted: its batches are those of this producer from this offset up to its abort marker. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

const TRANSACTIONAL_BIT = 0x10;
export const CONTROL_BIT = 0x20;
/** Set by the broker in topics with `message.timestamp.type=LogAppendTime`: the batch's maximum holds for all its records. */
const LOG_APPEND_TIME_BIT = 0x08;
/** Key of a control record: version (int16), type (int16): 0 abort, 1 commit (KIP-98). */
const CONTROL_TYPE_ABORT = 0;

/**
 * What a read_committed consumer shows of a fetched range: the broker holds open transactions back, but batches of aborted
 * ones are in the range, named beside it, and are the reader's to drop (KIP-98, "Consumer Coordinator").
 */
export function committedRecords(
  topic: string,
  partition: number,
  from: bigint,
  batches: readonly RecordsBatch[],
  aborted: readonly AbortedTransaction[],
): { records: TopicRecord[]; next: bigint } {
  const waiting = [...aborted].sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const aborting = new Set<bigint>();
  const records: TopicRecord[] = [];
  let next = from;
  for (const batch of batches) {
    const lastOffset = batch.firstOffset + BigInt(batch.lastOffsetDelta);
    while (waiting[0] !== undefined && waiting[0].firstOffset <= lastOffset) {
      aborting.add(waiting[0].producerId);
      waiting.shift();
    }
    if ((batch.attributes & CONTROL_BIT) !== 0) {
      if (isAbortMarker(batch)) aborting.delete(batch.producerId);
    } else if ((batch.attributes & TRANSACTIONAL_BIT) === 0 || !aborting.has(batch.producerId)) {
      // A fetch may begin in the middle of a batch, which comes whole.
      records.push(...toRecords(topic, partition, batch).filter((record) => record.offset >= from));
    }
    if (lastOffset >= next) next = lastOffset + 1n;
  }
  return { records, next };
}

function isAbortMarker(batch: RecordsBatch): boolean {
  const key: Buffer | null | undefined = batch.records[0]?.key;
  return key !== null && key !== undefined && key.length >= 4 && key.readInt16BE(2) === CONTROL_TYPE_ABORT;
}

function toRecords(topic: string, partition: number, batch: RecordsBatch): TopicRecord[] {
  const appendedAt = (batch.attributes & LOG_APPEND_TIME_BIT) === 0 ? null : Number(batch.maxTimestamp);
  return batch.records.map((record) => ({
    topic,
    partition,
    offset: batch.firstOffset + BigInt(record.offsetDelta),
    timestamp: appendedAt ?? Number(batch.firstTimestamp + record.timestampDelta),
    key: record.key,
    value: record.value,
    headers: new Map(record.headers.map(([name, value]) => [String(name), value])),
  }));
}
