import type { Connection } from 'mysql2/promise';
import { readVariables } from '@sluice/mysql';
import type { SluiceConfig } from '@sluice/runtime';
import { setGlobal } from '../source/set-global.ts';

/** MySQL's, and MariaDB's: whether statements are logged beside their rows. */
const LOGS_STATEMENTS = ['binlog_rows_query_log_events', 'binlog_annotate_row_events'];

/** A warning when `tracing.comments` is set and the source logs no statements. It is no fault: sessions may log theirs. */
export async function findTraceWarnings(
  connection: Connection,
  { tracing }: Pick<SluiceConfig, 'tracing'>,
): Promise<readonly string[]> {
  if (!tracing.comments) return [];
  for (const [name, value] of await readVariables(connection, LOGS_STATEMENTS))
    if (value.toUpperCase() !== 'ON')
      return [
        `tracing.comments: the source logs no statements beside their rows (${name} is ${value}), so no comment is seen but those of sessions that have it ON. Fix: ${setGlobal(`${name} = ON`)}`,
      ];
  return [];
}
