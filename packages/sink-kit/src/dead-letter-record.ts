import { deadLetterHeaders, isDeadLetterHeader, type FailureStage } from '@sluice/envelope';
import type { ConsumedRecord } from '@sluice/kafka';
import { VERSION, type PipelineError } from '@sluice/runtime';

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

export interface DeadLetterRecord {
  /** The original bytes. */
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string | Buffer>>;
}

/** A dead letter: the record's bytes untouched, its headers, and why it failed. */
export function toDeadLetterRecord(source: DeadLetterSource): DeadLetterRecord {
  const { record, ...rest } = source;
  const { key, value, offset, timestampMs } = record;
  const told = deadLetterHeaders({
    ...rest,
    record: { offset, timestampMs },
    sequence: textOf(record, 'sequence'),
    serviceVersion: VERSION,
  });
  return { key, value, headers: { ...originalHeaders(record), ...told } };
}

/** Those that would be read as ours are kept under `orig.`. */
function originalHeaders(record: ConsumedRecord): Record<string, string | Buffer> {
  const headers: [string, string | Buffer][] = [];
  for (const [name, value] of Object.entries(record.headers)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) headers.push([isDeadLetterHeader(name) ? `orig.${name}` : name, first]);
  }
  // Not by assignment: a header may be called `__proto__`.
  return Object.fromEntries(headers);
}

function textOf(record: ConsumedRecord, header: string): string {
  const value = record.headers[header];
  const first = Array.isArray(value) ? value[0] : value;
  return first === undefined ? '' : String(first);
}
