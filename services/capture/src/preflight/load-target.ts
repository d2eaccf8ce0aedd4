import type { MysqlOptions } from '@sluice/mysql';
import type { SluiceConfig } from '@sluice/runtime';
import { createTableFilter } from '../model/table-filter.ts';
import { hostFacts } from '../source/host-facts.ts';
import { onConnection } from '../source/open-connection.ts';
import { openSource } from '../source/source.ts';

/** Where a load writes, and what of it the pipeline would not see. */
export interface LoadTarget {
  readonly server: MysqlOptions;
  /** Those of the tables that `source.tables` does not capture. */
  readonly notCaptured: readonly string[];
  /** Why nothing may be written there; null for a primary that takes writes. */
  readonly refusal: string | null;
}

/**
 * A replica would get transactions that its primary never has, and of several servers nobody tells here which one capture reads. Throws a
 * PipelineError with a MYSQL_… code when the source does not answer.
 */
export async function loadTarget(
  config: SluiceConfig,
  database: string,
  tables: readonly string[],
): Promise<LoadTarget> {
  const filter = createTableFilter(config.source.tables, config.source.excludeTables);
  const notCaptured = tables.filter((table) => !filter.captures(database, table));
  const source = await openSource(config);
  const target = { server: source.server, notCaptured };
  if (config.source.hosts.length > 1)
    return {
      ...target,
      refusal: 'source.hosts names several servers: give a load a file that names the primary alone',
    };
  return onConnection(source, {}, async (connection) => {
    const { role } = await hostFacts(connection, source.facts, null);
    const refusal = `${source.address} is a replica or read-only: a load would write what its primary does not have`;
    return { ...target, refusal: role === 'primary' ? null : refusal };
  });
}
