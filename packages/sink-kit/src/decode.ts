import {
  decodeEnvelope,
  EnvelopeError,
  topicName,
  type ControlEnvelope,
  type Envelope,
  type HeartbeatEnvelope,
  type RowEnvelope,
} from '@sluice/envelope';
import type { ConsumedBatch, ConsumedRecord } from '@sluice/kafka';
import { PipelineError } from '@sluice/runtime';
import type { Delivery } from './sink.ts';

/** A delivery whose envelope is a row's. */
export interface RowDelivery extends Delivery {
  readonly envelope: RowEnvelope;
}

export interface ControlDelivery extends Delivery {
  readonly envelope: Exclude<ControlEnvelope, HeartbeatEnvelope>;
}

/** What a record turned out to be. `next` is the offset to go on at behind it. */
export type Entry =
  | { readonly kind: 'row'; readonly next: bigint; readonly delivery: RowDelivery; readonly bytes: number }
  | { readonly kind: 'control'; readonly next: bigint; readonly delivery: ControlDelivery }
  | { readonly kind: 'heartbeat'; readonly next: bigint; readonly envelope: HeartbeatEnvelope }
  | { readonly kind: 'tombstone'; readonly next: bigint }
  | {
      readonly kind: 'poison';
      readonly next: bigint;
      readonly record: ConsumedRecord;
      readonly error: PipelineError;
    };

/**
 * Every record as an entry, in log order; the last one reaches to the end of the batch. Never throws for a record's content:
 * that gives a `poison` entry.
 */
export function decodeBatch(batch: ConsumedBatch, prefix: string): readonly Entry[] {
  const belongs = tableCheck(batch.topic, prefix);
  const last = batch.records.at(-1);
  return batch.records.map((record) => {
    const next = record === last ? batch.endOffset : record.offset + 1n;
    try {
      return toEntry(batch, record, next, belongs);
    } catch (error) {
      return { kind: 'poison', next, record, error: recordError(error) };
    }
  });
}

function toEntry(
  batch: ConsumedBatch,
  record: ConsumedRecord,
  next: bigint,
  belongs: (envelope: Envelope) => boolean,
): Entry {
  // A null value deletes its key from a compacted topic; the DELETE before it has told the sink already.
  if (record.value === null) return { kind: 'tombstone', next };
  if (record.key === null) throw new PipelineError('RECORD_INVALID', 'the record has no key');
  const envelope = decodeEnvelope(record.value);
  if (envelope.schema.type === 'heartbeat')
    return { kind: 'heartbeat', next, envelope: envelope as HeartbeatEnvelope };
  if (!belongs(envelope))
    throw new PipelineError('RECORD_INVALID', 'the record is of another table than its topic');
  const { topic, partition } = batch;
  const delivery = {
    topic,
    partition,
    offset: record.offset,
    next,
    key: record.key.toString('utf8'),
    envelope,
    value: record.value,
  };
  if (isRow(delivery)) return { kind: 'row', next, delivery, bytes: record.value.length };
  return { kind: 'control', next, delivery: delivery as ControlDelivery };
}

export function isRow(delivery: Delivery): delivery is RowDelivery {
  return delivery.envelope.schema.type === 'row';
}

/** Remembers the last table that matched: the topic name is built once per batch, not once per row. */
function tableCheck(topic: string, prefix: string): (envelope: Envelope) => boolean {
  let database: string | null = null;
  let table: string | null = null;
  return ({ payload: { source } }) => {
    if (source.database === database && source.table === table) return true;
    if (topicName(prefix, source.database, source.table) !== topic) return false;
    ({ database, table } = source);
    return true;
  };
}

function recordError(error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  if (error instanceof EnvelopeError && error.code === 'UNKNOWN_MAJOR') {
    return new PipelineError('RECORD_UNKNOWN_MAJOR', error.message, { cause: error });
  }
  const reason = error instanceof EnvelopeError ? error.message : 'the record cannot be decoded';
  return new PipelineError('RECORD_INVALID', reason, { cause: error });
}
