import type { Connection } from 'mysql2/promise';
import { readVariables } from '@sluice/mysql';
import type { SluiceConfig } from '@sluice/runtime';
import { setGlobal } from '../source/set-global.ts';
import type { ServerFacts } from '../source/server.ts';

/**
 * A warning where capture may continue at another MariaDB by a position, and nothing keeps two servers from writing in one domain: its
 * transactions stand in another order on each server then, and a position, which names the newest of a domain, does not say what was read.
 * Throws a PipelineError with a MYSQL_… code.
 */
export async function findDomainWarnings(
  connection: Connection,
  { flavour }: Pick<ServerFacts, 'flavour'>,
  { source: { hosts } }: Pick<SluiceConfig, 'source'>,
): Promise<readonly string[]> {
  if (flavour !== 'mariadb' || hosts.length === 1) return [];
  const values = await readVariables(connection, ['gtid_strict_mode']);
  if (values.get('gtid_strict_mode') !== 'OFF') return [];
  return [
    `source.hosts: gtid_strict_mode is OFF, so two servers may write in one domain of GTIDs; where they have, transactions are lost or come twice when capture continues at another server. Fix on each of them: ${setGlobal('gtid_strict_mode = ON')}`,
  ];
}
