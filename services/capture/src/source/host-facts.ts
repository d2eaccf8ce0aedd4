import type { Connection } from 'mysql2/promise';
import { isAtLeast, parseVersion, readVariables } from '@sluice/mysql';
import { askMariadb, missingOfMariadb } from './mariadb-position.ts';
import { queryRows } from './query.ts';
import { findUnloggedReplication, replicationRows } from './replica.ts';
import { leavesRowsOut } from './replication-filters.ts';
import type { ServerFacts } from './server.ts';

/** Where published changes end, as far as another server can be held against it. */
export interface PublishedPlace {
  readonly flavour: ServerFacts['flavour'];
  /** Who counted the coordinates (`ServerFacts.identity`). */
  readonly server: string;
  /** Null where there were no GTIDs. */
  readonly gtidSet: string | null;
}

/** What one of several servers is, and how it stands to what was published. */
export interface HostFacts {
  readonly server: ServerFacts;
  readonly role: 'primary' | 'replica';
  /** Why its binlog does not have all that its source has; null when it has. */
  readonly unlogged: string | null;
  /** Published transactions that it does not have, in the server's own text form; null when nothing was published. */
  readonly missing: string | null;
  /** It replicates, and what is missing may still come. */
  readonly isCatchingUp: boolean;
  /** It no longer has the binlog after what was published. */
  readonly hasPurged: boolean;
}

/** Asks all that the choice among several servers depends on. Throws a PipelineError with a MYSQL_… code. */
export async function hostFacts(
  connection: Connection,
  server: ServerFacts,
  place: PublishedPlace | null,
): Promise<HostFacts> {
  const replication = await replicationRows(connection, server);
  const readOnly = (await readVariables(connection, ['read_only'])).get('read_only') ?? 'OFF';
  const isReplica = replication.length > 0 || !['OFF', '0'].includes(readOnly);
  const unlogged = await findUnloggedReplication(connection, server);
  const { missing, hasPurged } = await standing(connection, server, place);
  const waits =
    missing !== null && missing !== '' && (await mayCome(connection, server, replication, missing));
  return {
    server,
    role: isReplica ? 'replica' : 'primary',
    unlogged: unlogged === null ? leavesRowsOut(replication) : `${unlogged.setting} is ${unlogged.found}`,
    missing,
    isCatchingUp: waits,
    hasPurged,
  };
}

async function standing(
  connection: Connection,
  server: ServerFacts,
  place: PublishedPlace | null,
): Promise<Pick<HostFacts, 'missing' | 'hasPurged'>> {
  const published = place?.gtidSet ?? null;
  if (place === null || published === null || !server.gtid || place.flavour !== server.flavour)
    return { missing: null, hasPurged: false };
  if (server.flavour === 'mariadb') return askMariadb(connection, published);
  const [row] = await queryRows(
    connection,
    `SELECT GTID_SUBTRACT(?, @@GLOBAL.gtid_executed) AS missing, GTID_SUBSET(@@GLOBAL.gtid_purged, ?) AS available`,
    [published, published],
  );
  const missing = textOf(row?.['missing']).replace(/\s/g, '');
  return { missing, hasPurged: Number(row?.['available']) !== 1 };
}

/** Whether it applies what it gets, and either gets more or has all of it in its relay log. */
async function mayCome(
  connection: Connection,
  { flavour, version }: ServerFacts,
  rows: readonly Record<string, unknown>[],
  missing: string,
): Promise<boolean> {
  const isModern = flavour === 'mysql' && isAtLeast(parseVersion(version), 8, 0, 22);
  const name = isModern ? 'Replica' : 'Slave';
  for (const row of rows) {
    if (row[`${name}_SQL_Running`] !== 'Yes') continue;
    if (row[`${name}_IO_Running`] === 'Yes') return true;
    if (flavour === 'mariadb') {
      // Only the last of each range is compared: what the relay log has, it has from its beginning.
      const last = missing.split(', ').map((range) => range.split(' to ').at(-1) ?? range);
      if (missingOfMariadb(last.join(','), textOf(row['Gtid_IO_Pos'])) === '') return true;
      continue;
    }
    const [answer] = await queryRows(connection, 'SELECT GTID_SUBSET(?, ?) AS held', [
      missing,
      textOf(row['Retrieved_Gtid_Set']),
    ]);
    if (Number(answer?.['held']) === 1) return true;
  }
  return false;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
