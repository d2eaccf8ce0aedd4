import { isSequence } from './sequence.ts';

/**
 * The row schema of `schema.ts`, by hand, for the hot path of every sink. Returns the path of the first wrong field,
 * undefined when there is none; allocates nothing while all is well. `head.version` and `head.type` are checked already.
 */
export function rowFault(envelope: object): string | undefined {
  const { schema, payload } = envelope as Fields;
  if (!isFields(schema) || !isCount(schema['table'])) return 'schema.table';
  if (!isFields(payload)) return 'payload';
  const { operation, after, before } = payload;
  if (operation === 'DELETE') {
    if (after !== null) return 'payload.after';
  } else if (operation === 'INSERT' || operation === 'UPDATE' || operation === 'SNAPSHOT') {
    if (!isFields(after) || !isOfJson(after)) return 'payload.after';
  } else {
    return 'payload.operation';
  }
  if (before !== null && (!isFields(before) || !isOfJson(before))) return 'payload.before';
  const key = payload['key'];
  if (!isFields(key) || !isOfJson(key)) return 'payload.key';
  if (!isSequence(payload['sequence'])) return 'payload.sequence';
  return sourceFault(payload['source']) ?? metadataFault(payload['metadata']);
}

type Fields = Readonly<Record<string, unknown>>;

function sourceFault(source: unknown): string | undefined {
  if (!isFields(source)) return 'payload.source';
  if (typeof source['server'] !== 'string') return 'payload.source.server';
  if (!isCount(source['serverId']) || source['serverId'] > 4_294_967_295) return 'payload.source.serverId';
  if (typeof source['database'] !== 'string') return 'payload.source.database';
  if (typeof source['table'] !== 'string') return 'payload.source.table';
  if (!isTime(source['timestamp'])) return 'payload.source.timestamp';
  if (!isNullableText(source['gtid'])) return 'payload.source.gtid';
  if (typeof source['snapshot'] !== 'boolean') return 'payload.source.snapshot';
  const position = source['position'];
  if (!isFields(position)) return 'payload.source.position';
  if (typeof position['file'] !== 'string') return 'payload.source.position.file';
  if (!isCount(position['offset'])) return 'payload.source.position.offset';
  return isCount(position['row']) ? undefined : 'payload.source.position.row';
}

function metadataFault(metadata: unknown): string | undefined {
  if (!isFields(metadata)) return 'payload.metadata';
  if (metadata['connector'] !== 'sluice') return 'payload.metadata.connector';
  if (typeof metadata['version'] !== 'string') return 'payload.metadata.version';
  if (!isNullableText(metadata['transaction_id'])) return 'payload.metadata.transaction_id';
  if (!isCount(metadata['event_index'])) return 'payload.metadata.event_index';
  return isTime(metadata['captured_at']) ? undefined : 'payload.metadata.captured_at';
}

/** Levels of a JSON value: servers take 100 at most (MySQL manual, "The JSON Data Type"). */
const DEPTH_MAX = 128;

/**
 * Whether the values of a row are such as a column can hold. JSON can spell more: `1e999`, which becomes Infinity, and arrays in
 * arrays by the hundred thousand, which whoever walks through them does not survive.
 */
function isOfJson(row: Fields, depth = 1): boolean {
  for (const name in row) {
    const value = row[name];
    if (typeof value === 'number') {
      if (!Number.isFinite(value)) return false;
    } else if (typeof value === 'object' && value !== null) {
      if (depth === DEPTH_MAX || !isOfJson(value as Fields, depth + 1)) return false;
    }
  }
  return true;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** JSON can spell a number that overflows to Infinity. */
function isTime(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isNullableText(value: unknown): boolean {
  return value === null || typeof value === 'string';
}
