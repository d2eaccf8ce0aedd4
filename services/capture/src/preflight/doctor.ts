import type { Connection } from 'mysql2/promise';
import { readVariables } from '@sluice/mysql';
import {
  aheadOfUsMs,
  clockProblem,
  PipelineError,
  type PreflightProblem,
  type SluiceConfig,
} from '@sluice/runtime';
import { queryRows } from '../source/query.ts';
import { readBinlogFiles } from '../source/server.ts';
import { onConnection } from '../source/open-connection.ts';
import { openSource } from '../source/source.ts';
import { diskProblems, retentionProblem } from './source-health.ts';

/** What a look at the source tells beside what `planCapture` does. */
export interface SourceDiagnosis {
  readonly problems: readonly PreflightProblem[];
  /** What is well, a sentence each. */
  readonly facts: readonly string[];
  /** What it does not tell, and need not. */
  readonly untold: readonly string[];
  /** What could not be looked at, and what would let it. */
  readonly unseen: readonly { readonly what: string; readonly fix: string }[];
}

/** Asks the source for what no start depends on; changes nothing. Throws a PipelineError when it cannot be asked. */
export async function examineSource(config: SluiceConfig): Promise<SourceDiagnosis> {
  const source = await openSource(config);
  return onConnection(source, {}, async (connection) => {
    const { flavour, version } = source.facts;
    const days = await readVariables(connection, ['binlog_expire_logs_seconds', 'expire_logs_days']);
    const skewMs = await clockSkewMs(connection);
    const binlog = await binlogSize(connection);
    const problems = [retentionProblem(days), clockProblem({ of: 'the source', aheadMs: skewMs })].filter(
      (problem) => problem !== null,
    );
    const disks = await disksOf(connection);
    return {
      problems: [...problems, ...diskProblems(disks ?? [])],
      facts: [
        `${flavour} ${version}`,
        ...(binlog === null ? [] : [binlog]),
        `clock ${(skewMs / 1000).toFixed(2)} s from this one`,
      ],
      untold: disks === null ? ['the server does not tell how full its disk is'] : [],
      unseen: binlog === null ? [NO_BINLOG_SIZE] : [],
    };
  });
}

/** Without it capture cannot tell how long the source keeps what it has not read, either. */
const NO_BINLOG_SIZE = {
  what: 'the login may not ask for the binlog files: how large they are is not known',
  fix: 'grant REPLICATION CLIENT (MariaDB: BINLOG MONITOR) to the login of capture',
};

/** How far the source's clock is ahead of this one. */
function clockSkewMs(connection: Connection): Promise<number> {
  return aheadOfUsMs(async () => {
    const [row] = await queryRows(connection, 'SELECT UNIX_TIMESTAMP(SYSDATE(6)) AS seconds');
    return Number(row?.['seconds']) * 1000;
  });
}

/** Null without the privilege to ask. */
async function binlogSize(connection: Connection): Promise<string | null> {
  try {
    const files = await readBinlogFiles(connection);
    const bytes = [...files.values()].reduce((sum, size) => sum + size, 0);
    return `${files.size} binlog files, ${(bytes / 2 ** 20).toFixed(0)} MiB`;
  } catch (error) {
    return orUnknown(error);
  }
}

/** MariaDB tells it with the plugin DISKS, to an account with FILE; null where nobody does. */
async function disksOf(connection: Connection) {
  try {
    const rows = await queryRows(connection, 'SELECT Path, Total, Available FROM information_schema.DISKS');
    // Without FILE the table is empty, and no error is told.
    if (rows.length === 0) return null;
    return rows.map((row) => ({
      path: String(row['Path']),
      totalKiB: Number(row['Total']),
      availableKiB: Number(row['Available']),
    }));
  } catch (error) {
    return orUnknown(error);
  }
}

function orUnknown(error: unknown): null {
  if (error instanceof PipelineError && error.code !== 'MYSQL_UNREACHABLE') return null;
  throw error;
}
