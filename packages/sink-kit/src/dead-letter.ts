import type { ConsumedRecord } from '@sluice/kafka';
import { VERSION, type PipelineError } from '@sluice/runtime';

/** Where a record failed. */
export type FailureStage = 'deserialize' | 'apply';

export interface DeadLetterSource {
  readonly sink: string;
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly record: ConsumedRecord;
  readonly stage: FailureStage;
  readonly error: PipelineError;
  readonly attempts: number;
  /** When the store (or the decoder) first refused it, milliseconds since 1970. */
  readonly firstFailedAtMs: number;
  /** Milliseconds since 1970. */
  readonly failedAtMs: number;
}

export interface DeadLetter {
  /** The original bytes. */
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string | Buffer>>;
}

const MESSAGE_BYTES_MAX = 1024;
/** Names that kafkajs would read as ours; the original's own are kept under `orig.`. */
const OWN_PREFIXES = ['cdc.dlq.', '__connect.errors.'];

/**
 * A dead letter: the record's bytes untouched, its headers, and why it failed. Names are Sluice's (`cdc.dlq.*`) and those
 * that Kafka Connect uses (KIP-298), so that tools for Connect's dead-letter queues show them. Never a stack or a value.
 */
export function toDeadLetter(source: DeadLetterSource): DeadLetter {
  const { record } = source;
  return {
    key: record.key,
    value: record.value,
    headers: { ...originalHeaders(record), ...ownHeaders(source), ...connectHeaders(source) },
  };
}

function ownHeaders(source: DeadLetterSource): Record<string, string> {
  const { record, error, topic, partition } = source;
  return {
    'cdc.dlq.schema': '1',
    'cdc.dlq.sink': source.sink,
    'cdc.dlq.topic': topic,
    'cdc.dlq.partition': String(partition),
    'cdc.dlq.offset': String(record.offset),
    'cdc.dlq.timestamp': String(record.timestampMs),
    'cdc.dlq.group': source.group,
    'cdc.dlq.stage': source.stage,
    'cdc.dlq.error.class': error.errorClass,
    'cdc.dlq.error.code': error.code,
    'cdc.dlq.error.message': shorten(error.message),
    'cdc.dlq.attempts': String(source.attempts),
    'cdc.dlq.first_failed_at': String(source.firstFailedAtMs),
    'cdc.dlq.failed_at': String(source.failedAtMs),
    'cdc.dlq.service_version': VERSION,
    'cdc.dlq.replay_count': '0',
    'cdc.dlq.event_id': `${topic}-${partition}-${record.offset}`,
    'cdc.dlq.version': textOf(record, 'sequence'),
  };
}

function connectHeaders(source: DeadLetterSource): Record<string, string> {
  const { record, error, topic, partition, sink } = source;
  return {
    '__connect.errors.topic': topic,
    '__connect.errors.partition': String(partition),
    '__connect.errors.offset': String(record.offset),
    '__connect.errors.connector.name': `sluice-${sink}`,
    '__connect.errors.task.id': '0',
    '__connect.errors.stage': source.stage === 'apply' ? 'TASK_PUT' : 'VALUE_CONVERTER',
    '__connect.errors.class.name': error.name,
    '__connect.errors.exception.class.name': error.code,
    '__connect.errors.exception.message': shorten(error.message),
  };
}

function originalHeaders(record: ConsumedRecord): Record<string, string | Buffer> {
  const headers: [string, string | Buffer][] = [];
  for (const [name, value] of Object.entries(record.headers)) {
    const clash = OWN_PREFIXES.some((prefix) => name.startsWith(prefix));
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) headers.push([clash ? `orig.${name}` : name, first]);
  }
  // Not by assignment: a header may be called `__proto__`.
  return Object.fromEntries(headers);
}

function textOf(record: ConsumedRecord, header: string): string {
  const value = record.headers[header];
  const first = Array.isArray(value) ? value[0] : value;
  return first === undefined ? '' : String(first);
}

function shorten(text: string): string {
  const bytes = Buffer.from(text);
  return bytes.length <= MESSAGE_BYTES_MAX ? text : bytes.subarray(0, MESSAGE_BYTES_MAX).toString('utf8');
}
