import { exactAfter, type RowEnvelope } from '@sluice/envelope';
import { winsTie, type Delivery, type Purpose } from '@sluice/sink-kit';
import { LIFE_SECONDS_MAX, type RedisConfig } from './config.ts';
import type { ScriptCall } from './redis-connection.ts';
import { floorKey, hashFields, jsonValue, tombstoneKey } from './redis-mapper.ts';
import type { RowKeys } from './row-keys.ts';
import { hashScript, jsonScript } from './scripts.ts';

/** The script's operation: as a rule, and where an equal sequence passes. */
const SET = ['set', 'tie'] as const;
const DELETE = ['delete', 'gone'] as const;

/** Seconds that a deleted row is remembered, as the scripts take them. */
export function tombstoneSeconds(lifeMs: number): string {
  return String(Math.min(Math.ceil(lifeMs / 1000), LIFE_SECONDS_MAX));
}

/**
 * The call of the guard that applies a row. Throws REDIS_KEY_TEMPLATE.
 * @param tombstoneLifeMs milliseconds that a delete is remembered
 */
export function rowCall(
  rowKeys: RowKeys,
  format: RedisConfig['format'],
  tombstoneLifeMs: number,
  { envelope, value, rowKey: keyText }: Delivery,
  purpose: Purpose,
): ScriptCall {
  const { source, key, sequence, after } = (envelope as RowEnvelope).payload;
  const { place, ttlSeconds, ...table } = rowKeys.of(source);
  const row = table.rowKey(key, keyText);
  const isHash = format === 'hash';
  const script = isHash ? hashScript : jsonScript;
  const keys = [row, tombstoneKey(row), floorKey(place)];
  const lives = [tombstoneSeconds(tombstoneLifeMs), String(ttlSeconds ?? 0)];
  const tie = winsTie(envelope as RowEnvelope, purpose) ? 1 : 0;
  if (after === null) return { script, keys, args: [DELETE[tie], sequence, ...lives] };
  const text = exactAfter(value) ?? JSON.stringify(after);
  const written = isHash ? hashFields(sequence, after, text) : [jsonValue(sequence, text)];
  return { script, keys, args: [SET[tie], sequence, ...lives, ...written] };
}
