import type { Flavour } from '@sluice/mysql';
import { readGrants } from '../source/grants.ts';
import type { Side } from './side.ts';

/** What the statements of a switchover need; each is one of these names, of which SHOW GRANTS shows any. */
const NEEDED: Readonly<Record<Flavour, readonly (readonly string[])[]>> = {
  mysql: [
    ['REPLICATION_SLAVE_ADMIN', 'SUPER'],
    ['SYSTEM_VARIABLES_ADMIN', 'SUPER'],
    ['CONNECTION_ADMIN', 'SUPER'],
    ['RELOAD'],
  ],
  mariadb: [
    ['REPLICATION SLAVE ADMIN', 'REPLICATION REPLICA ADMIN', 'SUPER'],
    ['READ_ONLY ADMIN', 'SUPER'],
    ['RELOAD'],
  ],
};

/** What the account may not do there, a sentence each; a role may still bring it. Throws a PipelineError with a MYSQL_… code. */
export async function lackingRights({ connection, facts, address }: Side): Promise<readonly string[]> {
  const lacking = lackingIn(await readGrants(connection), facts.flavour);
  if (lacking.length === 0) return [];
  return [
    `${facts.account} has no ${lacking.join(', ')} at ${address.host}:${address.port}: somebody would have to run statements for it`,
  ];
}

/** @param grants lines of SHOW GRANTS. Pure */
export function lackingIn(grants: readonly string[], flavour: Flavour): readonly string[] {
  if (grants.some((line) => /^GRANT [`'"]/u.test(line))) return [];
  const held = new Set(
    grants.flatMap((line) => /^GRANT (.+) ON \*\.\* TO /u.exec(line)?.[1]?.split(/, ?/u) ?? []),
  );
  if (held.has('ALL PRIVILEGES')) return [];
  return NEEDED[flavour].filter((names) => !names.some((name) => held.has(name))).map(([name = '']) => name);
}
