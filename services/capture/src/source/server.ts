import type { RowDataPacket } from 'mysql2';
import type { Connection } from 'mysql2/promise';
import { flavourOf, isAtLeast, parseVersion, quoteAccount, type Flavour } from '@sluice/mysql';
import { PipelineError } from '@sluice/runtime';
import type { StreamPosition } from '../model/position.ts';
import { queryRows } from './query.ts';

export interface ServerFacts {
  readonly flavour: Flavour;
  readonly version: string;
  /** Who counts binlog coordinates: MySQL's server uuid; MariaDB's server id and domain. */
  readonly identity: string;
  readonly serverId: number;
  /** Whether the stream can be resumed by GTID. */
  readonly gtid: boolean;
  /** Whether table names that differ in case only are the same (`lower_case_table_names`). */
  readonly ignoresCase: boolean;
  /** The account that the server took the login of `source.user` for, as GRANT reads it. */
  readonly account: string;
}

async function firstRow(connection: Connection, sql: string): Promise<RowDataPacket> {
  const rows = await queryRows(connection, sql);
  return rows[0] ?? ({} as RowDataPacket);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : String(value);
}

/** What must be known of the source before its binlog is read. */
export async function describeServer(connection: Connection): Promise<ServerFacts> {
  const login = await firstRow(connection, 'SELECT VERSION() AS version, CURRENT_USER() AS account');
  const { version } = login;
  const flavour = flavourOf(text(version));
  if (flavour === 'mariadb') {
    const row = await firstRow(
      connection,
      'SELECT @@server_id AS id, @@gtid_domain_id AS domain, @@lower_case_table_names AS names',
    );
    return { ...factsOf(flavour, login, row), identity: identityIn(row, flavour), gtid: true };
  }
  const row = await firstRow(
    connection,
    'SELECT @@server_id AS id, @@server_uuid AS uuid, @@gtid_mode AS mode, @@lower_case_table_names AS names',
  );
  return { ...factsOf(flavour, login, row), identity: identityIn(row, flavour), gtid: row['mode'] === 'ON' };
}

/** Asks a server for its identity alone. */
export const WHO: Readonly<Record<Flavour, string>> = {
  mysql: 'SELECT @@server_uuid AS uuid',
  mariadb: 'SELECT @@server_id AS id, @@gtid_domain_id AS domain',
};

/** @param row the answer to `WHO`, or one with more in it */
export function identityIn(row: Readonly<Record<string, unknown>>, flavour: Flavour): string {
  return flavour === 'mariadb' ? `${text(row['id'])}/${text(row['domain'])}` : text(row['uuid']);
}

function factsOf(
  flavour: Flavour,
  login: RowDataPacket,
  row: RowDataPacket,
): Omit<ServerFacts, 'identity' | 'gtid'> {
  return {
    flavour,
    version: text(login['version']),
    serverId: Number(row['id']),
    ignoresCase: Number(row['names']) !== 0,
    account: quoteAccount(text(login['account'])),
  };
}

/** The end of the binlog now, and the transactions it holds. */
export interface BinlogStatus extends StreamPosition {
  readonly gtidSet: string | null;
}

/** MySQL 8.4 renamed the statement; older servers and MariaDB know the old name only. */
export async function readStatusRow(connection: Connection, server: ServerFacts): Promise<RowDataPacket> {
  const modern = server.flavour === 'mysql' && isAtLeast(parseVersion(server.version), 8, 4);
  return firstRow(connection, modern ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS');
}

export async function readBinlogStatus(connection: Connection, server: ServerFacts): Promise<BinlogStatus> {
  const row = await readStatusRow(connection, server);
  if (row['File'] === undefined) {
    throw new PipelineError(
      'SOURCE_MISCONFIGURED',
      'The source writes no binary log (log_bin is OFF). Start it with --log-bin.',
    );
  }
  return {
    file: text(row['File']),
    position: Number(row['Position']),
    gtidSet: await gtidSetOf(connection, server, row),
  };
}

async function gtidSetOf(
  connection: Connection,
  server: ServerFacts,
  status: RowDataPacket,
): Promise<string | null> {
  if (!server.gtid) return null;
  if (server.flavour === 'mysql') return text(status['Executed_Gtid_Set']).replace(/\s/g, '');
  const at = await firstRow(
    connection,
    `SELECT BINLOG_GTID_POS('${text(status['File'])}', ${Number(status['Position'])}) AS position`,
  );
  return text(at['position'] ?? '');
}

/** Whether the transactions of `subset` are all in the server's executed set, and none that it purged is missing there. */
export interface GtidCoverage {
  readonly known: boolean;
  readonly available: boolean;
}

/** MySQL only: MariaDB checks the position itself when the dump begins. */
export async function checkGtidCoverage(connection: Connection, gtidSet: string): Promise<GtidCoverage> {
  const rows = await queryRows(
    connection,
    'SELECT GTID_SUBSET(?, @@GLOBAL.gtid_executed) AS known, GTID_SUBSET(@@GLOBAL.gtid_purged, ?) AS available',
    [gtidSet, gtidSet],
  );
  return { known: Number(rows[0]?.['known']) === 1, available: Number(rows[0]?.['available']) === 1 };
}

/** The binlog files that the server still has, by name, with their sizes in bytes; of the one that is written, up to its present end. */
export async function readBinlogFiles(connection: Connection): Promise<ReadonlyMap<string, number>> {
  const rows = await queryRows(connection, 'SHOW BINARY LOGS');
  return new Map(rows.map((row) => [text(row['Log_name']), Number(row['File_size'])]));
}
