import { exactAfter, type RowEnvelope } from '@sluice/envelope';
import type { Delivery } from '@sluice/sink-kit';
import type { RedisConfig } from './config.ts';
import type { ScriptCall } from './redis-connection.ts';
import { floorKey, hashFields, jsonValue, rowKey, tombstoneKey } from './redis-mapper.ts';
import { hashScript, jsonScript } from './scripts.ts';

/** Ten years: Redis takes no longer life of a key than fits 64 bits in milliseconds. */
const LIFE_SECONDS_MAX = 3650 * 86_400;
const SET = ['set', 'tie'] as const;

/** Seconds that a deleted row is remembered, as the scripts take them. */
export function tombstoneSeconds(lifeMs: number): string {
  return String(Math.min(Math.ceil(lifeMs / 1000), LIFE_SECONDS_MAX));
}

/** The call of the guard that applies a row. @param tombstoneLifeMs milliseconds that a delete is remembered */
export function rowCall(
  { keyPrefix, format }: Pick<RedisConfig, 'keyPrefix' | 'format'>,
  tombstoneLifeMs: number,
  { envelope, value, rowKey: keyText }: Delivery,
): ScriptCall {
  const { source, key, sequence, operation, after } = (envelope as RowEnvelope).payload;
  const row = rowKey(keyPrefix, source.database, source.table, key, keyText);
  const isHash = format === 'hash';
  const script = isHash ? hashScript : jsonScript;
  const keys = [row, tombstoneKey(row), floorKey(keyPrefix, source.database, source.table)];
  const seconds = tombstoneSeconds(tombstoneLifeMs);
  if (after === null) return { script, keys, args: ['delete', sequence, seconds] };
  const text = exactAfter(value) ?? JSON.stringify(after);
  const written = isHash ? hashFields(sequence, after, text) : [jsonValue(sequence, text)];
  return { script, keys, args: [SET[operation === 'SNAPSHOT' ? 1 : 0], sequence, seconds, ...written] };
}
