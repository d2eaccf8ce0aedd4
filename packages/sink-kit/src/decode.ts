import {
  decodeEnvelope,
  EnvelopeError,
  isTraceparent,
  keyColumnsText,
  TRACEPARENT_HEADER,
  type ControlEnvelope,
  type Envelope,
  type HeartbeatEnvelope,
  type RowEnvelope,
  type Source,
  type TopicRouting,
} from '@sluice/envelope';
import { SEAL_HEADER, type ConsumedBatch, type ConsumedRecord, type RecordSeals } from '@sluice/kafka';
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
 * that gives a `poison` entry. Each is decoded when it is asked for: entries take ten times what their records take, and a
 * batch of a large transaction has tens of thousands.
 */
export function* decodeBatch(
  batch: ConsumedBatch,
  routing: TopicRouting,
  seals: RecordSeals | null,
  isTraced = false,
): Generator<Entry> {
  const check = { membersOf: tableMembers(batch.topic, routing), seals, isTraced };
  const last = batch.records.at(-1);
  for (const record of batch.records) {
    const next = record === last ? batch.endOffset : record.offset + 1n;
    yield decodeRecord(batch, record, next, check);
  }
}

interface Check {
  readonly membersOf: (envelope: Envelope) => string;
  readonly seals: RecordSeals | null;
  /** Whether anybody asks from which traces rows come. */
  readonly isTraced: boolean;
}

function decodeRecord(batch: ConsumedBatch, record: ConsumedRecord, next: bigint, check: Check): Entry {
  try {
    return toEntry(batch, record, next, check);
  } catch (error) {
    return { kind: 'poison', next, record, error: recordError(error) };
  }
}

function toEntry(
  batch: ConsumedBatch,
  record: ConsumedRecord,
  next: bigint,
  { membersOf, seals, isTraced }: Check,
): Entry {
  // A null value deletes its key from a compacted topic; the DELETE before it has told the sink already.
  if (record.value === null) return { kind: 'tombstone', next };
  if (record.key === null) throw new PipelineError('RECORD_INVALID', 'the record has no key');
  const envelope = decodeEnvelope(record.value);
  if (envelope.schema.type !== 'row') expectSeal(batch, record, seals);
  if (envelope.schema.type === 'heartbeat')
    return { kind: 'heartbeat', next, envelope: envelope as HeartbeatEnvelope };
  const members = membersOf(envelope);
  const { topic, partition } = batch;
  const key = record.key.toString('utf8');
  const rowKey = envelope.schema.type === 'row' ? keyColumnsText(members, key) : key;
  if (rowKey === null)
    throw new PipelineError('RECORD_INVALID', 'the key of the record does not name its table');
  const delivery = {
    topic,
    partition,
    offset: record.offset,
    next,
    key,
    rowKey,
    envelope,
    value: record.value,
    traceparent: isTraced ? traceparentOf(record) : undefined,
  };
  if (isRow(delivery)) return { kind: 'row', next, delivery, bytes: record.value.length };
  return { kind: 'control', next, delivery: delivery as ControlDelivery };
}

/** What is no `traceparent` is no reason to refuse a row. */
function traceparentOf({ headers }: ConsumedRecord): string | undefined {
  const text = headerText(headers, TRACEPARENT_HEADER);
  return text !== undefined && isTraceparent(text) ? text : undefined;
}

/** Rows say what a row is now; the other records give orders about whole tables. */
function expectSeal(
  { topic, partition }: ConsumedBatch,
  { key, value, headers }: ConsumedRecord,
  seals: RecordSeals | null,
): void {
  const seal = headerText(headers, SEAL_HEADER);
  if (seals?.accepts({ topic, partition, key, value }, seal) === false)
    throw new PipelineError('RECORD_UNSEALED', 'the control record has no seal of kafka.sealKeyFile');
}

/** Of a header that stands once; undefined for any other. */
function headerText(headers: ConsumedRecord['headers'], name: string): string | undefined {
  const told = headers[name];
  return Array.isArray(told) ? undefined : told?.toString('utf8');
}

export function isRow(delivery: Delivery): delivery is RowDelivery {
  return delivery.envelope.schema.type === 'row';
}

/**
 * For each envelope what its record key has to begin with; throws RECORD_INVALID for one of a table that is not of this
 * topic. Names are built once a batch for each table, not for every row.
 */
function tableMembers(topic: string, routing: TopicRouting): (envelope: Envelope) => string {
  const known = new Map<string, string>();
  let last: { readonly database: string; readonly table: string; readonly members: string } | null = null;
  return ({ payload: { source } }) => {
    const { database, table } = source;
    if (last?.table === table && last.database === database) return last.members;
    const name = `${database}\0${table}`;
    const members = known.get(name) ?? membersIn(topic, routing, source);
    known.set(name, members);
    last = { database, table, members };
    return members;
  };
}

function membersIn(topic: string, routing: TopicRouting, { database, table }: Source): string {
  if (routing.topicOf(database, table) !== topic)
    throw new PipelineError('RECORD_INVALID', 'the record is of another table than its topic');
  return routing.keyMembers(database, table);
}

function recordError(error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  if (error instanceof EnvelopeError && error.code === 'UNKNOWN_MAJOR') {
    return new PipelineError('RECORD_UNKNOWN_MAJOR', error.message, { cause: error });
  }
  const reason = error instanceof EnvelopeError ? error.message : 'the record cannot be decoded';
  return new PipelineError('RECORD_INVALID', reason, { cause: error });
}
