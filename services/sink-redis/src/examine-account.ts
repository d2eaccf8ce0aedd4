import { parseSection } from '@sluice/runtime';
import type { ExamineAccount } from '@sluice/sink-kit';
import { redisConfigSchema } from './config.ts';
import type { Probe } from './preflight.ts';
import { RedisConnection } from './redis-connection.ts';

/** What the sink never does, in forms that change nothing. */
const NEVER: readonly Probe[] = [
  { rule: '+config|get', args: ['config', 'GET', 'maxmemory'] },
  { rule: '+acl|list', args: ['acl', 'LIST'] },
  { rule: '+client|list', args: ['client', 'LIST'] },
  { rule: '~* (keys of others)', args: ['exists', 'no-key-of-sluice'] },
];

const RIGHT = 'a user with the ACL of docs/your-servers.md and no other rules';

/** What the user may do beside the commands of the sink, on its keys. Redis tells nobody how old a password is. */
export const examineAccount: ExamineAccount = async ({ config, sink, log }) => {
  const settings = parseSection(config, ['sinks', sink], redisConfigSchema);
  const section = `sinks.${sink}`;
  const connection = new RedisConnection(settings, { log, section }, () => undefined);
  try {
    await connection.open();
    const allowed = await connection.allowed(NEVER);
    const excess = [...allowed].flatMap(([rule, may]) => (may === true ? [rule] : []));
    const isKnown = excess.length > 0 || [...allowed.values()].every((may) => may !== null);
    return {
      excess: isKnown ? excess : null,
      advice: isKnown ? RIGHT : 'a command that was tried was neither done nor refused',
      passwordSetMs: null,
      certificateEndsMs: null,
      tried: NEVER.map(({ rule }) => rule).join(', '),
    };
  } finally {
    connection.close();
  }
};
