import { heartbeatTopic, type DdlPolicy, type SchemaEnvelope, type Sequence } from '@sluice/envelope';
import { encodeHeader } from '@sluice/kafka';
import type { CapturedTable } from '../model/table.ts';
import { FORMAT } from './format.ts';
import type { PartitionBatch, PublishBuffer } from './publish-buffer.ts';
import type { ControlMessage, SourceInfo, SnapshotMark } from './record-format.ts';

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

/** Appends one JSON record, with a seal where there are any: the slow path, for control records and checkpoints. @param value null for a record without a value */
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
  const seal = buffer.seals?.header({ ...to, key: keyBytes, value: valueBytes });
  const encoded = Object.entries({ ...headers, ...seal }).map(([name, text]) => encodeHeader(name, text));
  records.headerCount(encoded.length);
  for (const header of encoded) records.rawHeader(header);
  records.end();
}

/** The same control record to every partition of the table's topics. */
function toEveryPartition(buffer: PublishBuffer, table: CapturedTable, message: ControlMessage): void {
  const { key, value, headers } = FORMAT.control(message);
  for (const topic of table.place.topics) {
    for (let partition = 0; partition < table.partitions; partition++)
      appendJson(buffer, { topic, partition }, key, value, message.point.capturedAt, headers);
  }
}

export function writeTruncate(
  buffer: PublishBuffer,
  table: CapturedTable,
  point: SourceInfo,
  policy: DdlPolicy = 'apply',
): void {
  toEveryPartition(buffer, table, { type: 'truncate', table, point, policy });
}

/** What a schema record may say besides; see `ControlMessage`. */
export interface SchemaDetails {
  readonly policy?: DdlPolicy;
  readonly previousChange?: Sequence;
  readonly allRows?: boolean;
}

export function writeSchema(
  buffer: PublishBuffer,
  table: CapturedTable,
  change: SchemaEnvelope['payload']['change'],
  point: SourceInfo,
  { policy = 'apply', previousChange = '', allRows = false }: SchemaDetails = {},
): void {
  const message = { type: 'schema', table, change, point, policy, previousChange, allRows } as const;
  toEveryPartition(buffer, table, message);
}

export function writeSnapshotMark(
  buffer: PublishBuffer,
  table: CapturedTable,
  mark: SnapshotMark,
  point: SourceInfo,
): void {
  toEveryPartition(buffer, table, { type: 'snapshot', table, mark, point });
}

/** A sign of life that travels the same way as rows: how far behind a sink is, also when the source is quiet. */
export function writeHeartbeat(buffer: PublishBuffer, prefix: string, point: SourceInfo): void {
  const { key, value, headers } = FORMAT.control({ type: 'heartbeat', point });
  appendJson(buffer, { topic: heartbeatTopic(prefix), partition: 0 }, key, value, point.capturedAt, headers);
}
