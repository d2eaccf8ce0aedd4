import { isAtLeast, parseVersion, readVariables } from '@sluice/mysql';
import { PipelineError, type PreflightProblem } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';
import { queryRows } from './query.ts';
import type { ServerFacts } from './server.ts';

/** The name since MySQL 8.0.26, and the one of before and of MariaDB, where it is OFF unless it is set. */
const VARIABLES = ['log_replica_updates', 'log_slave_updates'] as const;

/**
 * A source that is a replica and keeps what it applies out of its own binlog: changes of its primary never come. Null for
 * any other server. Throws a PipelineError with a MYSQL_… code.
 */
export async function findUnloggedReplication(
  connection: Connection,
  server: ServerFacts,
): Promise<PreflightProblem | null> {
  const values = await readVariables(connection, VARIABLES);
  const variable = VARIABLES.find((name) => values.has(name));
  if (variable === undefined || values.get(variable) === 'ON') return null;
  if (!(await isReplica(connection, server))) return null;
  return {
    setting: `source variable ${variable}`,
    found: 'OFF, and the source is a replica: the changes it replicates are not in its binlog',
    required: 'ON, or a source that is no replica',
    fix: `start the server with --${variable.replaceAll('_', '-')}, or capture from its primary; if it no longer replicates: ${resetOf(server)}`,
  };
}

/** A replica that is stopped may go on at any time. */
async function isReplica(connection: Connection, server: ServerFacts): Promise<boolean> {
  return (await replicationRows(connection, server)).length > 0;
}

/**
 * What the server tells of each channel by which it replicates, as SHOW REPLICA STATUS has it; an empty row stands for what the account may
 * not see. Throws a PipelineError with a MYSQL_… code.
 */
export async function replicationRows(
  connection: Connection,
  server: ServerFacts,
): Promise<readonly Record<string, unknown>[]> {
  try {
    return await queryRows(connection, statusOf(server));
  } catch (error) {
    if (!(error instanceof PipelineError) || error.code !== 'MYSQL_PRIVILEGE_MISSING') throw error;
    return (await isReplicating(connection)) ? [{}] : [];
  }
}

/** https://mariadb.com/docs/server/reference/sql-statements/administrative-sql-statements/show/show-replica-status: only with SLAVE MONITOR */
async function isReplicating(connection: Connection): Promise<boolean> {
  const rows = await queryRows(connection, "SHOW GLOBAL STATUS LIKE 'Slaves\\_running'");
  return Number(rows[0]?.['Value'] ?? 0) > 0;
}

function statusOf({ flavour, version }: ServerFacts): string {
  if (flavour === 'mariadb') return 'SHOW ALL SLAVES STATUS';
  return isAtLeast(parseVersion(version), 8, 0, 22) ? 'SHOW REPLICA STATUS' : 'SHOW SLAVE STATUS';
}

function resetOf({ flavour }: ServerFacts): string {
  return flavour === 'mariadb' ? 'RESET SLAVE ALL;' : 'RESET REPLICA ALL;';
}
