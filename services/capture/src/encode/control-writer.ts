import {
  controlKey,
  heartbeatTopic,
  type ControlEnvelope,
  type ControlType,
  type DdlPolicy,
  type Metadata,
  type SchemaEnvelope,
  type SnapshotEnvelope,
  type Source,
} from '@sluice/envelope';
import { encodeHeader } from '@sluice/kafka';
import { VERSION } from '@sluice/runtime';
import type { CapturedTable } from '../model/table.ts';
import type { PartitionBatch, PublishBuffer } from './publish-buffer.ts';

/** Where in the source a control record belongs. */
export interface ControlPoint {
  readonly server: string;
  readonly serverId: number;
  readonly file: string;
  readonly offset: number;
  readonly gtid: string | null;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly sequence: string;
  /** Milliseconds since 1970. */
  readonly capturedAt: number;
}

function source(point: ControlPoint, database: string, table: string, snapshot: boolean): Source {
  return {
    server: point.server,
    serverId: point.serverId,
    database,
    table,
    timestamp: point.timestamp,
    position: { file: point.file, offset: point.offset, row: 0 },
    gtid: point.gtid,
    snapshot,
  };
}

function metadata(point: ControlPoint): Metadata {
  return {
    connector: 'sluice',
    version: VERSION,
    transaction_id: point.gtid,
    event_index: 0,
    captured_at: point.capturedAt,
  };
}

/**
 * Bytes of a batch with such records, if it holds more than one: Sluice's own topics keep the broker's limit (1 MB by default),
 * whatever `topics.maxMessageBytes` is.
 */
const BATCH_BYTES = 512 * 1024;

function batchFor(
  buffer: PublishBuffer,
  { topic, partition }: { readonly topic: string; readonly partition: number },
  length: number,
): PartitionBatch {
  const open = buffer.partition(topic, partition);
  const isFull = open.records.byteLength + length > Math.min(BATCH_BYTES, buffer.maxBatchBytes);
  return isFull && open.records.count > 0 ? buffer.nextBatch(topic, partition) : open;
}

/** Appends one JSON record: the slow path, for control records and checkpoints. @param value null for a record without a value */
export function appendJson(
  buffer: PublishBuffer,
  to: { readonly topic: string; readonly partition: number },
  key: string,
  value: unknown,
  timestamp: number,
  headers: Readonly<Record<string, string>>,
): void {
  const keyBytes = Buffer.from(key);
  const valueBytes = value === null ? null : Buffer.from(JSON.stringify(value));
  const length = keyBytes.length + (valueBytes?.length ?? 0);
  const { out, records } = batchFor(buffer, to, length);
  records.begin(timestamp);
  records.key(keyBytes, 0, keyBytes.length);
  if (valueBytes === null) records.nullValue();
  else {
    records.beginValue();
    out.reserve(valueBytes.length);
    valueBytes.copy(out.bytes, out.position);
    out.position += valueBytes.length;
    records.endValue();
  }
  const encoded = Object.entries(headers).map(([name, text]) => encodeHeader(name, text));
  records.headerCount(encoded.length);
  for (const header of encoded) records.rawHeader(header);
  records.end();
}

/** One control record with the same content to every partition of the table's topics. */
function toEveryPartition(
  buffer: PublishBuffer,
  table: CapturedTable,
  envelope: ControlEnvelope,
  operation: string,
): void {
  const { schema, payload } = envelope;
  const headers = {
    operation,
    sequence: payload.sequence,
    schema: `${schema.type}/${schema.version}/${schema.table}`,
  };
  const { topics, keyMembers } = table.place;
  const key = controlKey(schema.type satisfies ControlType, keyMembers);
  for (const topic of topics) {
    for (let partition = 0; partition < table.partitions; partition++)
      appendJson(buffer, { topic, partition }, key, envelope, payload.metadata.captured_at, headers);
  }
}

export function writeTruncate(
  buffer: PublishBuffer,
  table: CapturedTable,
  point: ControlPoint,
  policy: DdlPolicy = 'apply',
): void {
  const envelope: ControlEnvelope = {
    schema: { version: 1, type: 'truncate', table: table.version },
    payload: {
      source: source(point, table.database, table.table, false),
      operation: 'TRUNCATE',
      ...shown(policy),
      sequence: point.sequence,
      key: { $sluice: 'truncate' },
      metadata: metadata(point),
    },
  };
  toEveryPartition(buffer, table, envelope, 'TRUNCATE');
}

export function writeSchema(
  buffer: PublishBuffer,
  table: CapturedTable,
  change: SchemaEnvelope['payload']['change'],
  point: ControlPoint,
  policy: DdlPolicy = 'apply',
): void {
  const envelope: ControlEnvelope = {
    schema: { version: 1, type: 'schema', table: table.version },
    payload: {
      source: source(point, table.database, table.table, false),
      sequence: point.sequence,
      key: { $sluice: 'schema' },
      columns: table.columns,
      keyColumns: table.keyColumns,
      change,
      ...shown(policy),
      partitions: table.partitions,
      metadata: metadata(point),
    },
  };
  toEveryPartition(buffer, table, envelope, 'SCHEMA');
}

export function writeSnapshotMark(
  buffer: PublishBuffer,
  table: CapturedTable,
  mark: Pick<SnapshotEnvelope['payload'], 'phase' | 'job' | 'reconcile' | 'since'>,
  point: ControlPoint,
): void {
  const envelope: ControlEnvelope = {
    schema: { version: 1, type: 'snapshot', table: table.version },
    payload: {
      source: source(point, table.database, table.table, true),
      sequence: point.sequence,
      key: { $sluice: 'snapshot' },
      ...mark,
      partitions: table.partitions,
      metadata: metadata(point),
    },
  };
  toEveryPartition(buffer, table, envelope, mark.phase === 'begin' ? 'SNAPSHOT_BEGIN' : 'SNAPSHOT_END');
}

/** A sign of life that travels the same way as rows: how far behind a sink is, also when the source is quiet. */
export function writeHeartbeat(buffer: PublishBuffer, prefix: string, point: ControlPoint): void {
  const envelope: ControlEnvelope = {
    schema: { version: 1, type: 'heartbeat', table: 0 },
    payload: {
      source: source(point, '', '', false),
      sequence: point.sequence,
      key: { $sluice: 'heartbeat' },
      metadata: metadata(point),
    },
  };
  const headers = { operation: 'HEARTBEAT', sequence: point.sequence, schema: 'heartbeat/1/0' };
  const to = { topic: heartbeatTopic(prefix), partition: 0 };
  appendJson(buffer, to, controlKey('heartbeat'), envelope, point.capturedAt, headers);
}

function shown(policy: DdlPolicy): { policy?: DdlPolicy } {
  return policy === 'apply' ? {} : { policy };
}
