import { EnvelopeError } from './errors.ts';
import type { ControlType, Row } from './envelope.ts';

const CONTROL_KEYS: Readonly<Record<ControlType, string>> = {
  truncate: '{"$sluice":"truncate"}',
  schema: '{"$sluice":"schema"}',
  snapshot: '{"$sluice":"snapshot"}',
  heartbeat: '{"$sluice":"heartbeat"}',
};

const CONTROL_KEY_SET: ReadonlySet<string> = new Set(Object.values(CONTROL_KEYS));

/** Record key of a control record: a compacted topic refuses records without one. */
export function controlKey(type: ControlType): string {
  return CONTROL_KEYS[type];
}

export function isControlKey(key: string): boolean {
  return CONTROL_KEY_SET.has(key);
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
