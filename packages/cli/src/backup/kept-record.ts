import type { TopicRecord } from '@sluice/kafka';
import { z } from 'zod';

/** A record of a topic, as a line of a file keeps it: the bytes of key, value and headers as they stand in Kafka. */
export interface KeptRecord {
  readonly partition: number;
  /** Where it stood, for people: a restored record gets another one. */
  readonly offset: string;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer>>;
}

const bytes = z
  .base64()
  .nullable()
  .transform((text) => (text === null ? null : Buffer.from(text, 'base64')));
const lineSchema = z.object({
  partition: z.int().min(0),
  offset: z.string().regex(/^\d+$/),
  timestamp: z.int(),
  key: bytes,
  value: bytes,
  // One without a value nobody reads, and the client cannot write.
  headers: z.record(z.string(), bytes).transform(withValues),
});

/** One line of JSON, without its end. */
export function recordLine({ partition, offset, timestamp, key, value, headers }: TopicRecord): string {
  return JSON.stringify({
    partition,
    offset: String(offset),
    timestamp,
    key: textOf(key),
    value: textOf(value),
    headers: Object.fromEntries([...headers].map(([name, one]) => [name, textOf(one)])),
  });
}

/** Throws ZodError or SyntaxError for what is no such line. */
export function parseRecordLine(line: string): KeptRecord {
  return lineSchema.parse(JSON.parse(line));
}

function withValues(headers: Readonly<Record<string, Buffer | null>>): Readonly<Record<string, Buffer>> {
  const entries = Object.entries(headers).filter((entry): entry is [string, Buffer] => entry[1] !== null);
  return Object.fromEntries(entries);
}

function textOf(value: Buffer | null): string | null {
  return value === null ? null : value.toString('base64');
}
