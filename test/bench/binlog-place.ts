import type { SourceDatabase } from '../harness/pipelines/source-database.ts';
import type { BinlogPlace } from './raw/raw-task.ts';

/** The end of the source's binlog. MySQL 8.4 renamed the statement; MariaDB knows the old name only. */
export async function binlogPlace(database: SourceDatabase): Promise<BinlogPlace> {
  const statement = database.server.flavour === 'mysql' ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS';
  const [status] = await database.rows(statement);
  return { file: String(status?.['File']), position: Number(status?.['Position']) };
}
