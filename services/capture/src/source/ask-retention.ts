import type { Connection } from 'mysql2/promise';
import type { RetentionAnswer } from './purge-forecast.ts';
import { queryRows } from './query.ts';
import { readBinlogFiles } from './server.ts';

const SECONDS_OF_DAY = 86_400;

/** By which rules the server purges binlog files: each is there on some versions of MySQL and MariaDB only. */
const VARIABLES = `
  SHOW GLOBAL VARIABLES WHERE Variable_name IN
  ('binlog_expire_logs_seconds', 'binlog_expire_logs_auto_purge', 'expire_logs_days', 'max_binlog_total_size')`;

/** Asks for clock, retention and files of the source. Throws a PipelineError with a MYSQL_… code. */
export async function askRetention(connection: Connection): Promise<RetentionAnswer> {
  const before = Date.now();
  const [clock] = await queryRows(connection, 'SELECT UNIX_TIMESTAMP(NOW(6)) AS seconds');
  const askedAtMs = (before + Date.now()) / 2;
  const rows = await queryRows(connection, VARIABLES);
  const values = new Map(rows.map((row) => [String(row['Variable_name']), String(row['Value'])]));
  return {
    askedAtMs,
    skewSeconds: Number(clock?.['seconds']) - askedAtMs / 1000,
    ...retentionOf(values),
    files: await readBinlogFiles(connection),
  };
}

/** 0 means never in all of them; seconds, where they are set, hold before days. */
export function retentionOf(
  values: ReadonlyMap<string, string>,
): Pick<RetentionAnswer, 'expireSeconds' | 'limitBytes'> {
  const numberOf = (name: string): number => Number(values.get(name) ?? 0);
  const seconds = numberOf('binlog_expire_logs_seconds') || numberOf('expire_logs_days') * SECONDS_OF_DAY;
  const isAutomatic = values.get('binlog_expire_logs_auto_purge') !== 'OFF';
  const limit = numberOf('max_binlog_total_size');
  return { expireSeconds: seconds > 0 && isAutomatic ? seconds : null, limitBytes: limit > 0 ? limit : null };
}
