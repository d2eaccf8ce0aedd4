import type { PreflightProblem } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';
import { queryRows } from '../source/query.ts';

/** Global privileges by the name to grant them by, and the names a server may show for them (MariaDB has renamed one). */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  'REPLICATION SLAVE': ['REPLICATION SLAVE', 'REPLICATION REPLICA'],
  'REPLICATION CLIENT': ['REPLICATION CLIENT', 'BINLOG MONITOR'],
};
const ALL = 'ALL PRIVILEGES';

/**
 * The privileges without which the binlog cannot be read: the server itself would say so only after topics were made.
 *
 * @param account the user as GRANT reads it
 */
export async function findMissingPrivileges(
  connection: Connection,
  user: string,
  account: string,
): Promise<readonly PreflightProblem[]> {
  const rows = await queryRows(connection, 'SHOW GRANTS');
  const grants = rows.flatMap((row) => Object.values(row).map(String));
  return missingPrivileges(grants).map((privilege) => ({
    setting: 'source.user',
    found: `"${user}" without ${privilege}`,
    required: privilege,
    fix: `GRANT ${privilege} ON *.* TO ${account};`,
  }));
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
