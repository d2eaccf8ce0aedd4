import type { MysqlOptions } from '@sluice/mysql';
import type { SluiceConfig } from '@sluice/runtime';
import { createTableFilter } from '../model/table-filter.ts';
import { openSource } from '../source/source.ts';

/** Where a load writes, and what of it the pipeline would not see. */
export interface LoadTarget {
  /** The source: of several servers, the one that capture reads. */
  readonly server: MysqlOptions;
  /** Those of the tables that `source.tables` does not capture. */
  readonly notCaptured: readonly string[];
}

/** Throws a PipelineError with a MYSQL_… code when the source does not answer. */
export async function loadTarget(
  config: SluiceConfig,
  database: string,
  tables: readonly string[],
): Promise<LoadTarget> {
  const filter = createTableFilter(config.source.tables, config.source.excludeTables);
  const { server } = await openSource(config);
  return { server, notCaptured: tables.filter((table) => !filter.captures(database, table)) };
}
