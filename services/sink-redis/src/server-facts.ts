import type { PreflightProblem } from '@sluice/runtime';

/** What an INFO tells of a server that decides whether rows are kept there (Redis manual, "INFO"). */
export interface ServerFacts {
  readonly isCluster: boolean;
  /** `maxmemory-policy` by which keys are thrown away when it is full; null where none ever is. */
  readonly evictsBy: string | null;
  /** The server's clock, milliseconds since 1970. */
  readonly timeMs: number;
}

export function serverFacts(info: string): ServerFacts {
  const fields = new Map(
    info.split('\r\n').map((line) => [line.split(':', 1)[0], line.replace(/^[^:]*:/, '')]),
  );
  const policy = fields.get('maxmemory_policy') ?? 'noeviction';
  const isBounded = (fields.get('maxmemory') ?? '0') !== '0';
  return {
    isCluster: fields.get('redis_mode') === 'cluster',
    evictsBy: isBounded && policy !== 'noeviction' ? policy : null,
    timeMs: Number(fields.get('server_time_usec')) / 1000,
  };
}

/**
 * A script has the keys of a row, its tombstone and its table's floor, and a cluster takes it only where all lie in one slot: where
 * the prefix has a hash tag. Null where it can be.
 */
export function slotProblem(
  { isCluster }: ServerFacts,
  keyPrefix: string,
  section: string,
): PreflightProblem | null {
  if (!isCluster || /\{[^}]+\}/.test(keyPrefix)) return null;
  return {
    setting: `${section}.keyPrefix`,
    found: `${JSON.stringify(keyPrefix)} on a Redis Cluster`,
    required: 'a hash tag, so that all keys of a table lie in one slot',
    fix: `set it to a word in braces, e.g. {shop}:, and name the server of its slot in ${section}.url`,
  };
}
