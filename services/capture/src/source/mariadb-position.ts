import { readVariables } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';
import { queryRows } from './query.ts';
import { readBinlogFiles } from './server.ts';

/** How a MariaDB server stands to a position that was published. */
export interface Standing {
  /** Published transactions that it does not have, in its own text form. */
  readonly missing: string;
  /** It no longer has the binlog after what was published. */
  readonly hasPurged: boolean;
}

/** Throws a PipelineError with a MYSQL_… code. */
export async function askMariadb(connection: Connection, published: string): Promise<Standing> {
  const values = await readVariables(connection, ['gtid_binlog_state', 'gtid_slave_pos']);
  const [state, applied] = ['gtid_binlog_state', 'gtid_slave_pos'].map((name) => values.get(name) ?? '');
  const missing = missingOfMariadb(published, state ?? '', applied);
  return { missing, hasPurged: purgedOfMariadb(published, await writtenBefore(connection)) };
}

/** What the server's oldest binlog file says was written before it; '' where the account may not ask. */
async function writtenBefore(connection: Connection): Promise<string> {
  try {
    const [oldest] = (await readBinlogFiles(connection)).keys();
    if (oldest === undefined) return '';
    const rows = await queryRows(connection, 'SHOW BINLOG EVENTS IN ? LIMIT 3', [oldest]);
    const list = rows.find((row) => row['Event_type'] === 'Gtid_list');
    return String(list?.['Info'] ?? '').replace(/[\s[\]]/gu, '');
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'MYSQL_PRIVILEGE_MISSING') return '';
    throw error;
  }
}

/**
 * The transactions of a MariaDB position that a server has not: of each domain and server id the binlog state names the newest one that was
 * ever written there (https://mariadb.com/docs/server/ha-and-performance/standard-replication/gtid#gtid_binlog_state). A server that was
 * made of a backup has logged none yet, and takes just the position that it replicates from.
 *
 * @param position `domain-server-sequence`, one for each domain
 * @param state the same, one for each domain and server
 * @param applied its own position as a replica (`gtid_slave_pos`)
 * @returns such as `0-1-101 to 0-1-103, 2-7-9`; '' for none
 */
export function missingOfMariadb(position: string, state: string, applied = ''): string {
  const newest = new Map(gtidsOf(state).map(({ origin, sequence }) => [origin, sequence]));
  const own = new Set(gtidsOf(applied).map(({ origin, sequence }) => `${origin}-${sequence}`));
  return gtidsOf(position)
    .flatMap(({ origin, sequence }) => {
      const has = newest.get(origin);
      if ((has !== undefined && has >= sequence) || own.has(`${origin}-${sequence}`)) return [];
      if (has === undefined || has + 1n === sequence) return [`${origin}-${sequence}`];
      return [`${origin}-${has + 1n} to ${origin}-${sequence}`];
    })
    .join(', ');
}

/**
 * Whether a reader of this position needs what stood before the oldest file, as the server itself decides it when a dump begins
 * (`contains_all_slave_gtid` in sql/sql_repl.cc).
 *
 * @param before what was written before the file, one for each domain and server: the last of each domain was the newest
 */
export function purgedOfMariadb(position: string, before: string): boolean {
  const wanted = new Map(gtidsOf(position).map((gtid) => [domainOf(gtid.origin), gtid]));
  const gone = gtidsOf(before);
  return gone.some(({ origin, sequence }, at) => {
    const from = wanted.get(domainOf(origin));
    if (from === undefined) return true;
    if (from.origin !== origin || from.sequence > sequence) return false;
    const next = gone[at + 1];
    const isLast = next === undefined || domainOf(next.origin) !== domainOf(origin);
    return from.sequence < sequence || !isLast;
  });
}

interface Gtid {
  /** `domain-server` */
  readonly origin: string;
  readonly sequence: bigint;
}

function gtidsOf(text: string): readonly Gtid[] {
  const gtids = text.split(',').filter((gtid) => gtid.trim() !== '');
  return gtids.map((gtid) => {
    const cut = gtid.lastIndexOf('-');
    return { origin: gtid.slice(0, cut).trim(), sequence: BigInt(gtid.slice(cut + 1)) };
  });
}

function domainOf(origin: string): string {
  return origin.slice(0, origin.indexOf('-'));
}
