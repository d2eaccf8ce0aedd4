import type { ServerFacts } from '../../src/source/server.ts';

/** What a MySQL with GTIDs says of itself. */
export const MYSQL_FACTS = {
  flavour: 'mysql',
  version: '9.7.4',
  identity: 'u',
  serverId: 11,
  gtid: true,
  ignoresCase: false,
  account: "'sluice'@'%'",
} as const satisfies ServerFacts;
