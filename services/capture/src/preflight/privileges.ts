import type { PreflightProblem } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';
import { readGrants } from '../source/grants.ts';

/** Global privileges by the name to grant them by, and the names a server may show for them (MariaDB has renamed one). */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  'REPLICATION SLAVE': ['REPLICATION SLAVE', 'REPLICATION REPLICA'],
  'REPLICATION CLIENT': ['REPLICATION CLIENT', 'BINLOG MONITOR'],
};
const ALL = 'ALL PRIVILEGES';
/** What an account of capture may have: it reads, or looks. */
const FITTING = new Set([
  ...Object.values(REQUIRED).flat(),
  'USAGE',
  'SELECT',
  'SHOW DATABASES',
  'SHOW VIEW',
  'PROCESS',
  'SLAVE MONITOR',
  'REPLICA MONITOR',
]);
const NAMED = 6;

export interface SourcePrivileges {
  /** Without them the binlog cannot be read: the server itself would say so only after topics were made. */
  readonly missing: readonly PreflightProblem[];
  /** What the account may do and capture never does; null when there is nothing of it. */
  readonly tooWide: string | null;
}

/** @param account the user as GRANT reads it */
export async function readPrivileges(
  connection: Connection,
  user: string,
  account: string,
): Promise<SourcePrivileges> {
  const grants = await readGrants(connection);
  const missing = missingPrivileges(grants).map((privilege) => ({
    setting: 'source.user',
    found: `"${user}" without ${privilege}`,
    required: privilege,
    fix: `GRANT ${privilege} ON *.* TO ${account};`,
  }));
  return { missing, tooWide: wideAccount(user, excessPrivileges(grants)) };
}

function wideAccount(user: string, excess: readonly string[]): string | null {
  if (excess.length === 0) return null;
  const more = excess.length > NAMED ? ` and ${excess.length - NAMED} more` : '';
  return `source.user: "${user}" may do what capture never does (${excess.slice(0, NAMED).join(', ')}${more}): whoever gets its password may, too. Use an account with SELECT on the captured databases, REPLICATION SLAVE and REPLICATION CLIENT`;
}

/** @param grants lines of SHOW GRANTS @returns privileges, on whatever they are, that capture has no use for; sorted */
export function excessPrivileges(grants: readonly string[]): readonly string[] {
  const held = grants.flatMap((line) => {
    const [, privileges = '', options = ''] = /^GRANT (.+?) ON .+? TO (.*)$/u.exec(line) ?? [];
    const grantOption = options.endsWith(' WITH GRANT OPTION') ? ['GRANT OPTION'] : [];
    // Names of columns may stand behind a privilege.
    return [...privileges.replaceAll(/ \([^)]*\)/gu, '').split(', '), ...grantOption];
  });
  return [...new Set(held)].filter((privilege) => privilege !== '' && !FITTING.has(privilege)).sort();
}

/** @param grants lines of SHOW GRANTS; nothing is said to be missing where a role may bring it */
export function missingPrivileges(grants: readonly string[]): readonly string[] {
  if (grants.some((line) => /^GRANT [`'"]/u.test(line))) return [];
  const global = new Set(
    grants.flatMap((line) => /^GRANT (.+) ON \*\.\* TO /u.exec(line)?.[1]?.split(', ') ?? []),
  );
  if (global.has(ALL)) return [];
  return Object.entries(REQUIRED)
    .filter(([, names]) => !names.some((name) => global.has(name)))
    .map(([privilege]) => privilege);
}
