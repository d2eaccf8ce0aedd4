import type { PreflightProblem } from '@sluice/runtime';
import type { SinkContext } from '@sluice/sink-kit';
import type { RedisConfig } from './config.ts';
import { aclProblem, probesOf } from './preflight.ts';
import type { RedisConnection } from './redis-connection.ts';

/** What the user of `url` may not do. Writes and removes a key of the sink's own. */
export async function aclProblemOf(
  connection: RedisConnection,
  { url, keyPrefix, rows, format }: RedisConfig,
  { group, section, sourceTables }: Pick<SinkContext, 'group' | 'section' | 'sourceTables'>,
): Promise<PreflightProblem | null> {
  const { username, pathname } = new URL(url);
  const user = decodeURIComponent(username) || 'default';
  const databaseNumber = pathname.slice(1) || '0';
  const ownKey = `sluice:preflight:${group}`;
  const sink = { section, user, keyPrefix, rows, format, sourceTables, databaseNumber, ownKey };
  return aclProblem(sink, await connection.refused(probesOf(sink)));
}

/** A server that throws rows away when it is full; null for one that does not. */
export function evictionProblem(policy: string | null): PreflightProblem | null {
  if (policy === null) return null;
  return {
    setting: 'maxmemory-policy of Redis',
    found: policy,
    required: 'noeviction: with any other it is unknown which rows are missing when Redis is full',
    fix: 'CONFIG SET maxmemory-policy noeviction, also in its configuration file',
  };
}
