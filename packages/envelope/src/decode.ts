import { isUtf8 } from 'node:buffer';
import type { ZodType } from 'zod';
import type { Envelope } from './envelope.ts';
import { EnvelopeError } from './errors.ts';
import { rowFault } from './row-check.ts';
import { heartbeatSchema, schemaSchema, snapshotSchema, truncateSchema } from './schema.ts';

const CONTROL_SCHEMAS: ReadonlyMap<unknown, ZodType> = new Map<string, ZodType>([
  ['truncate', truncateSchema],
  ['schema', schemaSchema],
  ['snapshot', snapshotSchema],
  ['heartbeat', heartbeatSchema],
]);

/**
 * The envelope in a record's value. Unknown extra fields are kept. Throws EnvelopeError: NOT_JSON, UNKNOWN_MAJOR, INVALID.
 * Rows are checked by hand, some ten times faster than by a schema library; control records, which are rare, by zod.
 */
export function decodeEnvelope(value: Uint8Array): Envelope {
  const parsed = parse(value);
  if (typeof parsed !== 'object' || parsed === null)
    throw new EnvelopeError('INVALID', 'the value is not an object');
  const head = (parsed as { schema?: { version?: unknown; type?: unknown } | null }).schema;
  const version = head?.version;
  if (version !== 1) throw wrongVersion(version);
  const fault = head?.type === 'row' ? rowFault(parsed) : controlFault(parsed, head?.type);
  if (fault !== undefined) throw new EnvelopeError('INVALID', `not a valid envelope at ${fault}`);
  return parsed as Envelope;
}

function parse(value: Uint8Array): unknown {
  // Decoding replaces bytes that are not UTF-8 by U+FFFD without a word: a silent change of a value.
  if (!isUtf8(value)) throw new EnvelopeError('NOT_JSON', 'the value is not UTF-8');
  try {
    return JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8'));
  } catch {
    // The parser's own message quotes the text, which holds row values.
    throw new EnvelopeError('NOT_JSON', 'the value is not JSON');
  }
}

function wrongVersion(version: unknown): EnvelopeError {
  return Number.isSafeInteger(version)
    ? new EnvelopeError('UNKNOWN_MAJOR', `envelope version ${String(version)} is not 1`)
    : new EnvelopeError('INVALID', 'not a valid envelope at schema.version');
}

function controlFault(parsed: object, type: unknown): string | undefined {
  const schema = CONTROL_SCHEMAS.get(type);
  if (schema === undefined) return 'schema.type';
  const result = schema.safeParse(parsed);
  return result.success ? undefined : (result.error.issues[0]?.path.join('.') ?? 'its root');
}
