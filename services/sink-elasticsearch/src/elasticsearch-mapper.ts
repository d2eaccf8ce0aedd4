import { createHash } from 'node:crypto';
import { exactAfter, exactMember, type Row, type RowEnvelope, type SchemaColumn } from '@sluice/envelope';
import { winsTie, type Delivery, type Purpose } from '@sluice/sink-kit';

/** What an index says of one field; only the parts that this sink writes. */
export interface FieldMapping {
  readonly type: string;
  readonly [setting: string]: unknown;
}

/** Lucene refuses terms over 32,766 bytes; a UTF-16 unit takes at most three bytes of UTF-8, four for a pair. */
const KEYWORD = { type: 'keyword', ignore_above: 8191 } as const;
const OPAQUE = { type: 'object', enabled: false } as const;
const TEXT = { type: 'text', fields: { keyword: KEYWORD } } as const;
const DATE = { type: 'date' } as const;

/**
 * SQL type → field. The index may know a value only roughly (decimals as doubles, dates to the millisecond,
 * BIGINT UNSIGNED above 2^63-1 not at all); `_source` is what is exact. No valid row may be refused, therefore
 * JSON and geometries are not parsed, and `index.mapping.ignore_malformed` is on for the rest.
 */
const FIELDS: Readonly<Record<string, FieldMapping>> = {
  tinyint: { type: 'integer' },
  smallint: { type: 'integer' },
  mediumint: { type: 'integer' },
  int: { type: 'long' },
  bigint: { type: 'long' },
  bit: { type: 'long' },
  year: { type: 'integer' },
  decimal: { type: 'double' },
  double: { type: 'double' },
  float: { type: 'float' },
  date: DATE,
  datetime: DATE,
  timestamp: DATE,
  time: KEYWORD,
  char: TEXT,
  varchar: TEXT,
  tinytext: TEXT,
  text: TEXT,
  mediumtext: TEXT,
  longtext: TEXT,
  enum: KEYWORD,
  set: KEYWORD,
  uuid: KEYWORD,
  inet4: { type: 'ip' },
  inet6: { type: 'ip' },
  binary: { type: 'binary' },
  varbinary: { type: 'binary' },
  tinyblob: { type: 'binary' },
  blob: { type: 'binary' },
  mediumblob: { type: 'binary' },
  longblob: { type: 'binary' },
  vector: { type: 'binary' },
};

/** Types without a rule (JSON, geometries, types of servers to come) are stored and not indexed. */
export function fieldMapping(sqlType: string): FieldMapping {
  const name = /^[a-z0-9]+/.exec(sqlType)?.[0] ?? '';
  return FIELDS[name] ?? OPAQUE;
}

export function fieldMappings(columns: readonly SchemaColumn[]): Record<string, FieldMapping> {
  return Object.fromEntries(columns.map((column) => [column.name, fieldMapping(column.type)]));
}

/**
 * A column of one of these names would be a metadata field: Elasticsearch refuses the mapping or every document that has one
 * (seen with 8.19; Elasticsearch guide, "Metadata fields"). `_sluice` is the sink's own.
 */
export const METADATA_FIELDS: ReadonlySet<string> = new Set([
  '_id',
  '_index',
  '_source',
  '_routing',
  '_ignored',
  '_field_names',
  '_sluice',
]);

/** The sink's own part of a document. */
export const SLUICE_FIELD: FieldMapping = {
  type: 'object',
  properties: { sequence: { type: 'long' }, deleted: { type: 'boolean' }, at: { type: 'date' } },
};

/** Multi-fields count towards the limit like fields; 100 are left to the index's owner. */
export function fieldLimit(columns: number): number {
  return columns * 2 + 100;
}

/** What an index may not be called by (Elasticsearch guide, "Create index"), and `%`, which stands in for it. */
const NOT_IN_INDEX_NAMES = /[\\/*?"<>| ,#:%]|^[-_+]/g;

/** Lower-case, as indexes have to be; what they may not have is percent-encoded. */
export function indexName(prefix: string, database: string, table: string): string {
  const name = `${prefix}${database}.${table}`.toLowerCase();
  return name.replace(
    NOT_IN_INDEX_NAMES,
    (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/** Readers and the sink itself use this alias; a reader does not see deleted rows through it. */
export function liveAlias(index: string): string {
  return `${index}.live`;
}

/** An `_id` may have 512 bytes (Elasticsearch guide, `_id` field). */
export function documentId(key: string): string {
  if (key.length <= 170 || Buffer.byteLength(key) <= 512) return key;
  return createHash('sha256').update(key).digest('hex');
}

/**
 * The two NDJSON lines of one row, line ends included. `at` is the time of a deletion (ISO 8601), for the purge.
 * The version is the sequence as a decimal number; a row that was read may replace its equal (`winsTie`).
 */
export function bulkLines(delivery: Delivery, at: string, purpose: Purpose = 'stream'): string {
  const envelope = delivery.envelope as RowEnvelope;
  const { payload } = envelope;
  const versionType = winsTie(envelope, purpose) ? 'external_gte' : 'external';
  const action = bulkAction(delivery.rowKey, payload.sequence, versionType);
  if (payload.operation === 'DELETE' || payload.after === null) {
    return action + deletedSource(payload.sequence, at);
  }
  // Line ends between the tokens of somebody else's JSON would break the lines of the request; inside of strings there are none.
  const text = exactAfter(delivery.value) ?? JSON.stringify(payload.after);
  const row = allowedMembers(payload.after, text).replace(/[\r\n]/g, ' ');
  const separator = row.length === 2 ? '' : ',';
  return `${action}${row.slice(0, -1)}${separator}"_sluice":{"sequence":"${payload.sequence}"}}\n`;
}

/** The lines that mark a document as deleted at `sequence`; `id` is the document's id. */
/** Rows of before a column was left out of the table: an index that has its rows has no such column. */
function allowedMembers(after: Row, text: string): string {
  const names = Object.keys(after);
  if (!names.some((name) => METADATA_FIELDS.has(name))) return text;
  const members = names
    .filter((name) => !METADATA_FIELDS.has(name))
    .map((name) => `${JSON.stringify(name)}:${exactMember(text, name)}`);
  return `{${members.join(',')}}`;
}

export function deletionLines(id: string, sequence: string, at: string): string {
  return actionLine(id, sequence, 'external') + deletedSource(sequence, at);
}

function bulkAction(key: string, sequence: string, versionType: string): string {
  return actionLine(documentId(key), sequence, versionType);
}

/** The line that begins the writing of a document. */
export function actionLine(id: string, sequence: string, versionType: string): string {
  return `{"index":{"_id":${JSON.stringify(id)},"version":"${sequence}","version_type":"${versionType}"}}\n`;
}

function deletedSource(sequence: string, at: string): string {
  return `{"_sluice":{"deleted":true,"sequence":"${sequence}","at":"${at}"}}\n`;
}
