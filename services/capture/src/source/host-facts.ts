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
  /** `host:port` of the server that it replicates from, where what is missing may still come; null where it may not. */
  readonly catchesUpFrom: string | null;
  /** It no longer has the binlog after what was published. */
  readonly hasPurged: boolean;
  /** Which transactions these are, in the server's own text form; '' where it does not tell. */
  readonly purged: string;
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
  const { missing, hasPurged, purged } = await standing(connection, server, place);
  const lacks = missing !== null && missing !== '';
  return {
    server,
    role: isReplica ? 'replica' : 'primary',
    unlogged: unlogged === null ? leavesRowsOut(replication) : `${unlogged.setting} is ${unlogged.found}`,
    missing,
    catchesUpFrom: lacks ? await mayComeFrom(connection, server, replication, missing) : null,
    hasPurged,
    purged,
  };
}

async function standing(
  connection: Connection,
  server: ServerFacts,
  place: PublishedPlace | null,
): Promise<Pick<HostFacts, 'missing' | 'hasPurged' | 'purged'>> {
  const published = place?.gtidSet ?? null;
  if (place === null || published === null || !server.gtid || place.flavour !== server.flavour)
    return { missing: null, hasPurged: false, purged: '' };
  if (server.flavour === 'mariadb') return { ...(await askMariadb(connection, published)), purged: '' };
  const [row] = await queryRows(
    connection,
    'SELECT GTID_SUBTRACT(?, @@GLOBAL.gtid_executed) AS missing, GTID_SUBTRACT(@@GLOBAL.gtid_purged, ?) AS purged',
    [published, published],
  );
  const [missing, purged] = ['missing', 'purged'].map((name) => textOf(row?.[name]).replace(/\s/g, ''));
  return { missing: missing ?? '', hasPurged: purged !== '', purged: purged ?? '' };
}

/** Of a channel that applies what it gets, and either gets more or has all of it in its relay log: where that comes from. */
async function mayComeFrom(
  connection: Connection,
  { flavour, version }: ServerFacts,
  rows: readonly Record<string, unknown>[],
  missing: string,
): Promise<string | null> {
  const isModern = flavour === 'mysql' && isAtLeast(parseVersion(version), 8, 0, 22);
  const name = isModern ? 'Replica' : 'Slave';
  for (const row of rows) {
    if (row[`${name}_SQL_Running`] !== 'Yes') continue;
    const from = sourceOf(row);
    if (row[`${name}_IO_Running`] === 'Yes') return from;
    if (flavour === 'mariadb') {
      // Only the last of each range is compared: what the relay log has, it has from its beginning.
      const last = missing.split(', ').map((range) => range.split(' to ').at(-1) ?? range);
      if (missingOfMariadb(last.join(','), textOf(row['Gtid_IO_Pos'])) === '') return from;
      continue;
    }
    const [answer] = await queryRows(connection, 'SELECT GTID_SUBSET(?, ?) AS held', [
      missing,
      textOf(row['Retrieved_Gtid_Set']),
    ]);
    if (Number(answer?.['held']) === 1) return from;
  }
  return null;
}

/** The names of MySQL 8.0.22 and later, or those of before and of MariaDB. */
function sourceOf(row: Readonly<Record<string, unknown>>): string {
  return `${String(row['Source_Host'] ?? row['Master_Host'])}:${String(row['Source_Port'] ?? row['Master_Port'])}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
