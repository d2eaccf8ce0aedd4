import type { TableName } from '@sluice/envelope';
import { readTable, type Connection, type TableDescription } from '@sluice/mysql';
import type { SluiceConfig } from '@sluice/runtime';
import { findUnreadable, mayReadAll, readSelectGrants, selectMissing } from '../catalog/select-grants.ts';
import { exposureOf, hiddenTable, refusalOf, type RefusedTable } from './refused-tables.ts';

export interface ExaminedTable {
  /** Null when the source has no such table, or does not show it. */
  readonly description: TableDescription | null;
  /** Why it cannot be captured as it is; null when it can be, or is gone. */
  readonly refusal: RefusedTable | null;
}

/**
 * The table as the source has it now, and whether it can be captured. Throws a PipelineError when the source fails.
 * @param account that asks, as GRANT reads it
 */
export async function examineTable(
  connection: Connection,
  config: SluiceConfig,
  name: TableName,
  account: string,
): Promise<ExaminedTable> {
  const description = await readTable(connection, name.database, name.table);
  const problem = description === null ? null : refusalNow(config, description);
  if (problem !== null) return { description, refusal: problem };
  // What is not shown is not gone.
  const isReadable = await (description === null
    ? mayReadAll(connection, name)
    : isReadableInFull(connection, description));
  const refusal = isReadable ? null : hiddenTable(name, selectMissing(name, account));
  return { description, refusal };
}

/** Without a SELECT where the grants say it: that would wait for whoever has locked the table. */
async function isReadableInFull(connection: Connection, description: TableDescription): Promise<boolean> {
  const grants = await readSelectGrants(connection);
  return (await findUnreadable(connection, grants, [description])).length === 0;
}

/** What is wrong with a table that turns up, or changes, while capture runs. */
export function refusalNow(config: SluiceConfig, description: TableDescription): RefusedTable | null {
  return refusalOf(config, description) ?? exposureOf(config, description);
}
