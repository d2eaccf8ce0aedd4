import { EnvelopeError } from './errors.ts';
import type { ControlType, Row } from './envelope.ts';

const CONTROL_KEYS: Readonly<Record<ControlType, string>> = {
  truncate: '{"$sluice":"truncate"}',
  schema: '{"$sluice":"schema"}',
  snapshot: '{"$sluice":"snapshot"}',
  heartbeat: '{"$sluice":"heartbeat"}',
};

const CONTROL_KEY = /^\{"\$sluice":"(?:truncate|schema|snapshot|heartbeat)"[,}]/u;
/** What `TopicRouting.keyMembers` writes, at the place where it stands. */
const TOLD =
  /^\{(?:"\$sluice":"[a-z]+",)?(?:"\$database":(?<database>"(?:[^"\\]|\\.)*")[,}])?(?:"\$table":(?<table>"(?:[^"\\]|\\.)*")[,}])?/u;

/**
 * Record key of a control record: a compacted topic refuses records without one.
 * @param members of the table, see `TopicRouting.keyMembers`
 */
export function controlKey(type: ControlType, members = ''): string {
  const key = CONTROL_KEYS[type];
  return members === '' ? key : `${key.slice(0, -1)},${members}}`;
}

export function isControlKey(key: string): boolean {
  return CONTROL_KEY.test(key);
}

/**
 * Record key of a row.
 * @param members of the table, see `TopicRouting.keyMembers`
 * @param key the key columns, as JSON text
 */
export function recordKey(members: string, key: string): string {
  return members === '' ? key : `{${members},${key.slice(1)}`;
}

/** The key columns as JSON text, from a row's record key; null when the key does not begin with the table's members. */
export function keyColumnsText(members: string, key: string): string | null {
  if (members === '') return key;
  return key.startsWith(`{${members},`) ? `{${key.slice(members.length + 2)}` : null;
}

/** What a record key tells of its table; null for what it does not tell. Never throws. */
export function toldOf(key: string): { readonly database: string | null; readonly table: string | null } {
  const told = TOLD.exec(key)?.groups;
  const text = (json: string | undefined): string | null =>
    json === undefined ? null : (JSON.parse(json) as string);
  return { database: text(told?.['database']), table: text(told?.['table']) };
}

/** Key columns and their values, from the text of a record key. Throws EnvelopeError NOT_JSON or INVALID. */
export function parseKey(text: string): Row {
  const key = parseJson(text);
  if (typeof key !== 'object' || key === null || Array.isArray(key))
    throw new EnvelopeError('INVALID', 'record key is not an object');
  return key as Row;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which holds row values.
    throw new EnvelopeError('NOT_JSON', 'record key is not JSON');
  }
}
