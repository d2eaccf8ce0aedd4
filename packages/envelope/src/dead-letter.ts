/*
 * What the headers of a dead letter say, beside those of the record itself. Names are Sluice's (`cdc.dlq.*`) and those that
 * Kafka Connect uses (KIP-298), so that tools for Connect's dead-letter queues show them. Never a stack or a row value.
 */

/** Where a record failed. `publish`: in capture, before it was in any topic. */
export type FailureStage = 'publish' | 'deserialize' | 'apply';

export interface Failure {
  /** The sink that did not take the record; `capture` for a row that could not be published. */
  readonly sink: string;
  readonly topic: string;
  readonly partition: number;
  /** The record that failed, as it stands in its topic; null for one that never came there. */
  readonly record: { readonly offset: bigint; readonly timestampMs: number } | null;
  /** Consumer group; null for capture. */
  readonly group: string | null;
  readonly stage: FailureStage;
  readonly error: {
    readonly name: string;
    readonly errorClass: string;
    readonly code: string;
    readonly message: string;
  };
  readonly attempts: number;
  /** Milliseconds since 1970. */
  readonly firstFailedAtMs: number;
  /** Milliseconds since 1970. */
  readonly failedAtMs: number;
  /** Of the change; '' where the record does not tell. */
  readonly sequence: string;
  readonly serviceVersion: string;
}

/** What a list of dead letters needs of a failure. */
export interface ToldFailure {
  readonly topic: string;
  readonly partition: number;
  /** Null: the record never came into the topic. */
  readonly offset: bigint | null;
  /** Of the change; '' where the record does not tell. */
  readonly sequence: string;
  readonly stage: string;
  readonly errorClass: string;
  readonly errorCode: string;
  readonly message: string;
  readonly attempts: number;
  /** Milliseconds since 1970; null where it is not told. */
  readonly failedAtMs: number | null;
}

/** Capture's name among the owners of dead letters: no sink has it. */
export const CAPTURE = 'capture';

const OURS = 'cdc.dlq.';
const CONNECT = '__connect.errors.';
const MESSAGE_BYTES_MAX = 1024;
/** Stages of Connect's own enumeration, `org.apache.kafka.connect.runtime.errors.Stage`. */
const CONNECT_STAGES: Readonly<Record<FailureStage, string>> = {
  publish: 'KAFKA_PRODUCE',
  deserialize: 'VALUE_CONVERTER',
  apply: 'TASK_PUT',
};

/** Whether a header of this name would be read as one of a dead letter. */
export function isDeadLetterHeader(name: string): boolean {
  return name.startsWith(OURS) || name.startsWith(CONNECT);
}

/** The headers that tell a failure, by their whole names. */
export function deadLetterHeaders(failure: Failure): Readonly<Record<string, string>> {
  const { sink, topic, partition, record, stage, error } = failure;
  const message = shorten(error.message);
  return {
    ...named(OURS, {
      schema: '1',
      sink,
      topic,
      partition: String(partition),
      ...recordHeaders(failure),
      stage,
      'error.class': error.errorClass,
      'error.code': error.code,
      'error.message': message,
      attempts: String(failure.attempts),
      first_failed_at: String(failure.firstFailedAtMs),
      failed_at: String(failure.failedAtMs),
      service_version: failure.serviceVersion,
      replay_count: '0',
      version: failure.sequence,
    }),
    ...named(CONNECT, {
      topic,
      partition: String(partition),
      ...(record === null ? {} : { offset: String(record.offset) }),
      'connector.name': `sluice-${sink}`,
      'task.id': '0',
      stage: CONNECT_STAGES[stage],
      'class.name': error.name,
      'exception.class.name': error.code,
      'exception.message': message,
    }),
  };
}

/** What the headers of a dead letter tell; null when they are of no version of Sluice's. Never throws. */
export function readDeadLetter(headers: ReadonlyMap<string, Buffer | null>): ToldFailure | null {
  const header = (name: string): string => headers.get(OURS + name)?.toString('utf8') ?? '';
  const [topic, partition, offset, stage] = [
    header('topic'),
    header('partition'),
    header('offset'),
    header('stage'),
  ];
  const isPlaced = /^\d+$/.test(offset) || (offset === '' && stage === 'publish');
  if (topic === '' || !/^\d+$/.test(partition) || !isPlaced) return null;
  return {
    topic,
    partition: Number(partition),
    offset: offset === '' ? null : BigInt(offset),
    sequence: header('version'),
    stage,
    errorClass: header('error.class'),
    errorCode: header('error.code'),
    message: header('error.message'),
    attempts: Number(header('attempts')) || 0,
    failedAtMs: Number(header('failed_at')) || null,
  };
}

function recordHeaders({ topic, partition, record, group }: Failure): Record<string, string> {
  const consumed: Record<string, string> = group === null ? {} : { group };
  if (record === null) return consumed;
  const { offset, timestampMs } = record;
  return {
    offset: String(offset),
    timestamp: String(timestampMs),
    ...consumed,
    event_id: `${topic}-${partition}-${offset}`,
  };
}

function named(prefix: string, headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [prefix + name, value]));
}

function shorten(text: string): string {
  const bytes = Buffer.from(text);
  return bytes.length <= MESSAGE_BYTES_MAX ? text : bytes.subarray(0, MESSAGE_BYTES_MAX).toString('utf8');
}
