import type { TableMap } from '@sluice/binlog';
import { tableId } from '@sluice/envelope';
import type { TableDescription } from '@sluice/mysql';
import { PipelineError, type PreflightProblem } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';
import { isRowHash } from './column-catalog.ts';
import { findGone } from './gone.ts';
import { mayReadAll, selectMissing } from './select-grants.ts';

/**
 * What of a table map the server has and does not show: what is not shown is not gone. Null when it shows all, or when what
 * it does not show was dropped further on in the stream.
 *
 * @param description what the server shows; null when it shows no such table
 * @param account that asks, as GRANT reads it
 */
export async function findHidden(
  connection: Connection,
  map: TableMap,
  description: TableDescription | null,
  account: string,
): Promise<PreflightProblem | null> {
  const { database, table } = map;
  const shown = new Set(description?.columns.map(({ COLUMN_NAME }) => COLUMN_NAME));
  const missing = map.columns.map(({ name }) => name).filter((name) => !shown.has(name) && !isRowHash(name));
  if (missing.length === 0) {
    // Any privilege at all makes information_schema show it.
    const isReadable = description === null || (await mayReadAll(connection, map));
    return isReadable ? null : selectMissing(map, account);
  }
  try {
    if ((await findGone(connection, map, missing)) !== null) return null;
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'MYSQL_PRIVILEGE_MISSING')
      return selectMissing(map, account);
    throw error;
  }
  return {
    setting: `table ${tableId(database, table)}`,
    found: `that information_schema does not show ${description === null ? 'it' : missing.join(', ')}`,
    required: 'a table that is shown with all its columns',
    fix: `look at the privileges of ${account}, then start capture again`,
  };
}
