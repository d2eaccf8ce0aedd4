import type { PreflightProblem } from '@sluice/runtime';
import type { TableName } from '@sluice/envelope';
import type { TableDescription } from '@sluice/mysql';
import type { Connection } from 'mysql2/promise';
import { unfollowed } from '../catalog/cascade-parents.ts';
import { readCascadingKeys, visibleTables, type CascadingKey } from '../catalog/cascading-keys.ts';
import { queryRows } from '../source/query.ts';
import { findUnloggedReplication } from '../source/replica.ts';
import { readStatusRow, type ServerFacts } from '../source/server.ts';
import type { TableFilter } from '../model/table-filter.ts';

/** Changes of captured tables that the source keeps out of its binlog. */
export interface BinlogGaps {
  /** That the source is a replica which does not log what it applies; null when it is not. */
  readonly replica: PreflightProblem | null;
  readonly cascades: Cascades;
}

/** Throws a PipelineError with a MYSQL_… code. */
export async function findBinlogGaps(
  connection: Connection,
  server: ServerFacts,
  filter: TableFilter,
): Promise<BinlogGaps> {
  return {
    replica: await findUnloggedReplication(connection, server),
    cascades: await findCascades(connection, server, ({ database, table }) =>
      filter.captures(database, table),
    ),
  };
}

interface AskedForGaps {
  readonly connection: Connection;
  readonly server: ServerFacts;
  readonly filter: TableFilter;
  readonly tables: readonly TableDescription[];
  /** Whether this process has streamed before. */
  readonly hasStreamed: boolean;
}

interface GapProblems {
  readonly gaps: BinlogGaps;
  /** What of them keeps capture from starting. */
  readonly unlogged: readonly PreflightProblem[];
}

/** A source that becomes a replica without a log later is told only: to stop then would bring nothing back. */
export async function findGapProblems({
  connection,
  server,
  filter,
  tables,
  hasStreamed,
}: AskedForGaps): Promise<GapProblems> {
  const databases = await findUnloggedDatabases(connection, server, tables);
  const gaps = await findBinlogGaps(connection, server, filter);
  const replica = gaps.replica === null || hasStreamed ? [] : [gaps.replica];
  return { gaps, unlogged: [...replica, ...databases] };
}

/** Captured tables whose database the server keeps out of its binlog (`--binlog-do-db`, `--binlog-ignore-db`). */
async function findUnloggedDatabases(
  connection: Connection,
  server: ServerFacts,
  tables: readonly TableDescription[],
): Promise<readonly PreflightProblem[]> {
  const status = await readStatusRow(connection, server);
  const databases = [...new Set(tables.map(({ database }) => database))];
  return unloggedDatabases(
    databases,
    String(status['Binlog_Do_DB'] ?? ''),
    String(status['Binlog_Ignore_DB'] ?? ''),
  );
}

/** @param only and @param without database names as the server lists them, separated by commas */
export function unloggedDatabases(
  databases: readonly string[],
  only: string,
  without: string,
): readonly PreflightProblem[] {
  const logged = only.split(',').filter((name) => name !== '');
  const ignored = new Set(without.split(','));
  return databases
    .filter((name) => (logged.length > 0 ? !logged.includes(name) : ignored.has(name)))
    .map((name) => ({
      setting: 'source option binlog-do-db or binlog-ignore-db',
      found: `changes of database ${name} are kept out of the binlog`,
      required: 'every captured database in the binlog',
      fix: `start the server so that it logs ${name}`,
    }));
}

/** What foreign keys change of captured tables. */
export interface Cascades {
  /** Whether the server has it in its binlog, as far as changes of its own clients go. */
  readonly areLogged: boolean;
  /** The keys that lead to captured tables, as far as the account may see them. */
  readonly keys: readonly CascadingKey[];
  /** Captured tables, as `database.table`, to which more may cascade: their keys lead to tables that the account may not see. */
  readonly unseen: readonly string[];
}

/**
 * Rows that a foreign key deletes or changes inside the storage engine are not in the binlog
 * (https://dev.mysql.com/doc/refman/8.4/en/innodb-and-mysql-replication.html), so nobody can publish them.
 */
export async function findCascades(
  connection: Connection,
  server: ServerFacts,
  isCaptured: (table: TableName) => boolean,
): Promise<Cascades> {
  const keys = await readCascadingKeys(connection, server.flavour, isCaptured);
  const visible = await visibleTables(
    connection,
    keys.map(({ parent }) => parent),
  );
  const areLogged = server.flavour === 'mysql' && (await logsCascades(connection));
  return { areLogged, keys, unseen: unfollowed(keys, isCaptured, (id) => visible.has(id)) };
}

/** A MySQL server that can carry out foreign keys where changes are logged (9.6 and newer) tells whether it leaves them to InnoDB. */
async function logsCascades(connection: Connection): Promise<boolean> {
  const [native] = await queryRows(
    connection,
    "SHOW GLOBAL VARIABLES LIKE 'innodb\\_native\\_foreign\\_keys'",
  );
  return native?.['Value'] === 'OFF';
}
